// A page that a running run serves asks for the newest state and draws itself
// again when something changed; what the reader has chosen stays.
async function follow() {
  let version = document.documentElement.dataset.version;
  for (;;) {
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
    let text;
    try {
      const response = await fetch(`page?after=${encodeURIComponent(version)}`);
      if (response.status === 204) continue;
      if (!response.ok) throw new Error(response.statusText);
      version = response.headers.get('X-Version');
      text = await response.text();
    } catch {
      continue; // the server may be back later; what is shown stays
    }
    const next = new DOMParser().parseFromString(text, 'text/html');
    const [x, y] = [scrollX, scrollY];
    for (const part of ['main', '.bar nav']) find(part).replaceWith(document.adoptNode(find(part, next)));
    for (const id of ['#data', '#packed']) {
      const [old, fresh] = [find(id), find(id, next)];
      if (old && fresh) old.textContent = fresh.textContent;
      else if (fresh) document.body.append(document.adoptNode(fresh));
    }
    draw();
    scrollTo(x, y);
  }
}
follow();

// What a reader has chosen; it stays when a live page is drawn again.
const state = { hidden: new Set(), method: '', task: '', kind: 'lost', search: '', open: new Set(), shown: 30 };
let data; // of the charts; see chartData in the Go code

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

// make builds an element; text is always text, never markup.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  return fill(element, attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((c) => c !== null && c !== undefined));
  return element;
}

const shownMethods = () => data.methods.filter((m) => !state.hidden.has(m.name));

// Methods keep their colour whatever is filtered; references are grey.
function colour(name) {
  const i = data.methods.filter((m) => !m.reference).findIndex((m) => m.name === name);
  return i < 0 ? 'var(--reference)' : `var(--m${i % 8})`;
}

function paintSwatches(root = document) {
  for (const s of all('[data-swatch]', root)) s.style.setProperty('--swatch', colour(s.dataset.swatch));
}

function setUpTheme() {
  const button = find('#theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  const dark = () => (document.documentElement.dataset.theme || (system.matches ? 'dark' : 'light')) === 'dark';
  const show = () => { button.textContent = dark() ? 'Light' : 'Dark'; button.setAttribute('aria-label', dark() ? 'Light colours' : 'Dark colours'); };
  button.hidden = false;
  button.onclick = () => {
    document.documentElement.dataset.theme = dark() ? 'light' : 'dark';
    remember('theme', document.documentElement.dataset.theme);
    show();
  };
  const chosen = remembered('theme');
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
  system.onchange = show;
  show();
}

// A page that was opened from a file may have no storage.
function remember(key, value) { try { localStorage.setItem(`secura-${key}`, value); } catch { /* not kept */ } }
function remembered(key) { try { return localStorage.getItem(`secura-${key}`); } catch { return null; } }

function setUpFilter() {
  const bar = find('#filter');
  bar.replaceChildren();
  if (data.methods.length < 2) return;
  bar.hidden = false;
  for (const m of data.methods) {
    bar.append(make('button', {
      type: 'button', class: 'chip', 'data-chip': m.name, 'aria-pressed': String(!state.hidden.has(m.name)),
      onclick: () => { state.hidden.has(m.name) ? state.hidden.delete(m.name) : state.hidden.add(m.name); applyFilter(); },
    }, make('span', { class: 'swatch', 'data-swatch': m.name }), m.name));
  }
  bar.append(make('button', { type: 'button', class: 'quiet', id: 'all', onclick: () => { state.hidden.clear(); applyFilter(); } }, 'all'));
  paintSwatches(bar);
}

function applyFilter() {
  for (const chip of all('[data-chip]')) chip.setAttribute('aria-pressed', String(!state.hidden.has(chip.dataset.chip)));
  find('#all')?.toggleAttribute('disabled', state.hidden.size === 0);
  for (const e of all('[data-method]')) e.classList.toggle('filtered', state.hidden.has(e.dataset.method));
  drawCharts();
  drawExamples();
}

// Tables sort by a column: down, up, and back to the order they came in.
function setUpSorting() {
  for (const table of all('table[data-sortable]')) {
    const body = table.tBodies[0];
    const before = Array.from(body.rows);
    if (before.length < 2) continue;
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = make('button', { type: 'button', class: 'sort' });
      button.append(...head.childNodes);
      if (!button.textContent.trim()) button.setAttribute('aria-label', 'Sort by the first column');
      head.append(button);
      button.addEventListener('click', () => {
        const direction = { ascending: 'none', descending: 'ascending' }[head.getAttribute('aria-sort')] || 'descending';
        for (const other of heads) other.removeAttribute('aria-sort');
        if (direction === 'none') { body.append(...before); return; }
        head.setAttribute('aria-sort', direction);
        body.append(...sorted(before, column, direction === 'ascending' ? 1 : -1));
      });
    });
  }
}

// sorted puts what has no number last in either direction.
function sorted(rows, column, sign) {
  const text = (row) => find('.value', row.cells[column])?.textContent.trim() ?? '';
  const number = (row) => (/^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(text(row)) ? parseFloat(text(row)) : NaN);
  const numeric = rows.some((row) => !Number.isNaN(number(row)));
  return [...rows].sort((a, b) => {
    if (!numeric) return -sign * text(a).localeCompare(text(b), 'en', { numeric: true });
    const [x, y] = [number(a), number(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
    return sign * (x - y);
  });
}

// The tip follows the pointer, or stands beside what the keyboard is at.
function showTip(x, y, ...content) {
  const tip = find('#tip');
  tip.replaceChildren(...content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${scrollX + Math.max(4, Math.min(x + 14, document.documentElement.clientWidth - width - 8))}px`;
  tip.style.top = `${scrollY + (y + 18 + height > innerHeight ? Math.max(4, y - height - 12) : y + 18)}px`;
}
function hideTip() { find('#tip').hidden = true; }

function tipTable(title, rows) {
  const lines = rows.map(([name, value]) => make('tr', {}, make('td', {}, ...(data.methods.some((m) => m.name === name)
    ? [make('span', { class: 'swatch', 'data-swatch': name }), name] : [name])), make('td', {}, value)));
  const table = make('table', {}, make('tbody', {}, ...lines));
  paintSwatches(table);
  return [make('strong', {}, title), table];
}

// draw makes the page out of its data; a live page calls it again.
function draw() {
  data = JSON.parse(find('#data').textContent);
  setUpTheme();
  setUpFilter();
  setUpSorting();
  paintSwatches();
  for (const link of all('a[data-task]')) {
    link.addEventListener('click', () => { state.task = link.dataset.task; state.kind = 'all'; state.shown = 30; drawExamples(); });
  }
  setUpExamples();
  applyFilter();
}

function start() {
  draw();
  let width = innerWidth;
  addEventListener('resize', () => { if (innerWidth !== width) { width = innerWidth; drawCharts(); } });
  addEventListener('beforeprint', () => drawCharts(true));
  addEventListener('afterprint', () => drawCharts());
  addEventListener('keydown', (e) => { if (e.key === 'Escape') hideTip(); });
}

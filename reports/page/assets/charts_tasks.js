// facets makes a small chart for each method that is shown and has one.
function facets(figure, width, has, draw) {
  const methods = shownMethods().filter(has);
  if (!data.methods.some(has)) return absent(figure, 'No method has a done cell yet.');
  const box = make('div', { class: 'facets' });
  figure.append(box);
  const across = Math.max(1, Math.floor((width + 24) / (Math.min(310, width) + 24)));
  const each = Math.floor((width - 24 * (across - 1)) / across);
  for (const m of methods) {
    const title = make('h4', {}, make('span', { class: 'swatch', 'data-swatch': m.name }), m.name);
    box.append(make('div', {}, title, draw(m, each)));
  }
  paintSwatches(box);
}

const shorten = (name, room) => (name.length * 6 > room ? `${name.slice(0, Math.max(3, Math.floor(room / 6) - 1))}…` : name);

// dumbbells join what a task scored when it was learned and at the end.
function dumbbells(figure, width) {
  const has = (m) => !m.reference && m.learned.some((v, j) => v && m.kept[j]);
  const values = data.methods.flatMap((m) => [...m.learned, ...m.kept]).filter(Boolean).map((v) => v.m);
  facets(figure, width, has, (m, each) => {
    const row = 17, names = Math.min(150, each * .45), height = data.tasks.length * row + 24;
    const marks = ticks(0, Math.max(...values, 1), 4), span = each - names - 14;
    const x = (v) => names + 6 + span * (v - marks[0]) / (marks.at(-1) - marks[0]);
    const root = svg('svg', { viewBox: `0 0 ${each} ${height}`, role: 'img', 'aria-label':
      `${m.name}: ${data.tasks.map((t, j) => `${t} ${spelled(m.learned[j])} when learned, ${spelled(m.kept[j])} at the end`).join('; ')}` });
    const tips = [];
    for (const t of marks) root.append(svg('line', { class: 'grid', x1: x(t), x2: x(t), y1: 0, y2: height - 20 }), svg('text', { class: 'soft', x: x(t), y: height - 6, 'text-anchor': 'middle', 'font-size': 10 }, label(t)));
    data.tasks.forEach((task, j) => {
      const y = j * row + row / 2, [from, to] = [m.learned[j], m.kept[j]];
      root.append(svg('text', { class: 'soft', x: 0, y: y + 4, 'font-size': 11 }, shorten(`T${j + 1} ${task}`, names)));
      if (from && to) {
        root.append(svg('line', { x1: x(from.m), x2: x(to.m), y1: y, y2: y, stroke: to.m < from.m ? 'var(--bad)' : 'var(--good)', 'stroke-width': 3, opacity: .55 }));
      }
      if (to) root.append(svg('circle', { cx: x(to.m), cy: y, r: 4, fill: colour(m.name) }));
      if (from) root.append(svg('circle', { cx: x(from.m), cy: y, r: 4, fill: 'none', stroke: colour(m.name), 'stroke-width': 1.8 }));
      const hit = svg('rect', { x: 0, y: j * row, width: each, height: row, fill: 'transparent', style: 'cursor: pointer' });
      tips.push(hover(hit, () => tipTable(`${m.name}, T${j + 1} ${task}`, [['right after learning', spelled(from)], ['at the end', spelled(to)], ['lost since it was learned', spelled(m.lost[j])]])));
      hit.addEventListener('click', () => goToExamples(m.name, task));
      root.append(hit);
    });
    byKeys(root, tips);
    return root;
  });
}

// matrices are heat maps: a row for each boundary, a column for each task and
// one, set apart, for the base knowledge.
function matrices(figure, width) {
  facets(figure, width, (m) => m.matrix.length > 0, (m, each) => {
    const n = data.tasks.length, left = 34, top = 18, gap = 6;
    const battery = m.base.length > 0;
    const size = Math.min(26, Math.floor((each - left - (battery ? gap : 0)) / (n + (battery ? 1 : 0))));
    const columns = n + (battery ? 1 : 0), tall = Math.max(9, Math.min(size, 20));
    const root = svg('svg', { viewBox: `0 0 ${each} ${top + m.matrix.length * tall + 4}`, role: 'img', tabindex: 0, 'aria-label':
      `R of ${m.name}, ${m.matrix.length} rows by ${n} tasks. Arrow keys read the fields, Enter shows the examples.` });
    const value = (i, j) => (j < n ? m.matrix[i]?.[j] : m.base[i]);
    const place = (j) => left + j * size + (j === n ? gap : 0);
    const fields = [];
    for (let j = 0; j < columns; j++) root.append(svg('text', { class: 'soft', x: place(j) + size / 2, y: 12, 'text-anchor': 'middle', 'font-size': size < 15 ? 7.5 : 9 }, j < n ? (size < 21 ? `${j + 1}` : `T${j + 1}`) : 'K'));
    m.matrix.forEach((_, i) => {
      root.append(svg('text', { class: 'soft', x: left - 5, y: top + i * tall + tall / 2 + 3, 'text-anchor': 'end', 'font-size': 9 }, i ? `T${i}` : 'base'));
      fields.push([]);
      for (let j = 0; j < columns; j++) {
        const v = value(i, j), known = v !== null && v !== undefined;
        const field = svg('rect', { class: 'heat', x: place(j) + .5, y: top + i * tall + .5, width: size - 1, height: tall - 1, rx: 2,
          style: known ? `fill: rgba(var(--heat), ${(0.04 + 0.96 * v / 100).toFixed(3)})` : 'fill: none; stroke: var(--grid)' });
        field.addEventListener('pointermove', (e) => showTip(e.clientX, e.clientY, ...tell(i, j)));
        field.addEventListener('pointerleave', hideTip);
        field.addEventListener('click', () => go(j));
        fields[i].push(field);
        root.append(field);
        if (j === i - 1) root.append(svg('rect', { x: place(j) + .5, y: top + i * tall + .5, width: size - 1, height: tall - 1, rx: 2, fill: 'none', stroke: 'var(--ink)', 'stroke-opacity': .55, 'pointer-events': 'none' }));
      }
    });
    const tell = (i, j) => tipTable(i ? `${m.name} after T${i} ${data.tasks[i - 1]}` : `${m.name} before the stream`,
      [[j < n ? `T${j + 1} ${data.tasks[j]}` : 'base knowledge', value(i, j) === null || value(i, j) === undefined ? 'not evaluated' : value(i, j).toFixed(1)]]);
    const go = (j) => goToExamples(m.name, j < n ? data.tasks[j] : '');
    let at = [m.matrix.length - 1, 0];
    const show = (i, j) => {
      fields[at[0]][at[1]].classList.remove('active');
      at = [Math.max(0, Math.min(m.matrix.length - 1, i)), Math.max(0, Math.min(columns - 1, j))];
      const field = fields[at[0]][at[1]], bounds = field.getBoundingClientRect();
      field.classList.add('active');
      showTip(bounds.right, bounds.top, ...tell(...at));
    };
    root.addEventListener('focus', () => { if (root.matches(':focus-visible')) show(...at); });
    root.addEventListener('blur', () => { fields[at[0]][at[1]].classList.remove('active'); hideTip(); });
    root.addEventListener('keydown', (e) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
      if (e.key === 'Enter') go(at[1]);
      if (!move) return;
      e.preventDefault();
      show(at[0] + move[0], at[1] + move[1]);
    });
    return root;
  });
}

// Charts are inline SVG in pixels of the room they have. Numbers are points of
// 100 as {m: mean, h: half-width of the 95% interval, t and s: both as text} or
// null.
function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

// Names stand in their colour, but dark enough to be read.
const inkOf = (name) => `fill: color-mix(in srgb, ${colour(name)} 70%, var(--ink))`;
const spelled = (v) => (v ? `${v.t} ${v.s ?? ''}`.trim() : '–');

function drawCharts(printing = false) {
  const kinds = { intervals, accuracy: (e, w) => stream(e, w, 'accuracy'), knowledge: (e, w) => stream(e, w, 'knowledge'), pareto, dumbbells, matrices };
  for (const figure of all('figure[data-chart]')) {
    all(':scope > :not(figcaption)', figure).forEach((e) => e.remove());
    const style = getComputedStyle(figure);
    const room = printing ? (figure.closest('.pair') ? 320 : 664) : figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    kinds[figure.dataset.chart](figure, Math.max(260, Math.floor(room)));
  }
}

function absent(figure, text) { figure.append(make('p', { class: 'absent' }, text)); }

// ticks are round numbers that cover low to high.
function ticks(low, high, count = 5) {
  if (high - low < 1) [low, high] = [low - .5, high + .5];
  const raw = Math.max(high - low, 1e-9) / count;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * unit).find((s) => s >= raw);
  const list = [];
  for (let k = Math.floor(low / step + 1e-9); k * step < high + step * (1 - 1e-9); k++) list.push(k * step);
  return list;
}

// extent is the range of values with their intervals. Of few seeds these reach
// beyond what a score can be, and are cut there. What is left of the base
// knowledge can be more than all of it.
function extent(values, key) {
  const [low, high] = [Math.min(...values.map((v) => v.m)), Math.max(...values.map((v) => v.m))];
  const most = key.startsWith('knowledge') ? Infinity : Math.max(high, 100);
  return [Math.max(Math.min(...values.map((v) => v.m - (v.h || 0))), Math.min(low, 0)),
    Math.min(Math.max(...values.map((v) => v.m + (v.h || 0))), most)];
}
const label = (x) => String(Math.round(x * 1000) / 1000);

// Markers differ in shape too, for readers and printers without colour.
function marker(name, x, y, size = 4.5) {
  const fillColour = colour(name);
  const i = data.methods.findIndex((m) => m.name === name) % 4;
  const d = [
    `M${x - size},${y}a${size},${size} 0 1,0 ${2 * size},0a${size},${size} 0 1,0 ${-2 * size},0`,
    `M${x - size},${y - size}h${2 * size}v${2 * size}h${-2 * size}z`,
    `M${x},${y - size * 1.25}l${size * 1.2},${size * 2.1}h${-2.4 * size}z`,
    `M${x},${y - size * 1.35}l${size * 1.35},${size * 1.35}l${-size * 1.35},${size * 1.35}l${-size * 1.35},${-size * 1.35}z`,
  ][i];
  return svg('path', { d, fill: fillColour, stroke: 'var(--card)', 'stroke-width': 1 });
}

// intervals sets the methods side by side on three questions.
function intervals(figure, width) {
  const columns = [['learning_accuracy', 'right after learning'], ['acc', 'at the end'], ['knowledge_retention', 'base knowledge left']]
    .filter(([key]) => data.methods.some((m) => m.summary[key]));
  if (!columns.length) return absent(figure, 'No method has a done cell yet.');
  const stacked = width < 620;
  const methods = shownMethods();
  const names = 10 + Math.max(40, ...methods.map((m) => 7.2 * m.name.length));
  const each = stacked ? width - names - 44 : (width - names - 20) / columns.length - 44;
  const row = 26, head = 26, foot = 24, block = head + methods.length * row + foot;
  const height = stacked ? block * columns.length : block;
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label':
    columns.map(([key, title]) => `${title}: ${methods.map((m) => `${m.name} ${spelled(m.summary[key])}`).join(', ')}`).join('; ') });
  const tips = [];
  columns.forEach(([key, title], c) => {
    const left = stacked ? names : names + c * (each + 44), top = stacked ? c * block : 0;
    const values = data.methods.map((m) => m.summary[key]).filter(Boolean);
    const marks = ticks(Math.min(0, extent(values, key)[0]), Math.max(1, extent(values, key)[1]), 4);
    const x = (v) => left + each * (v - marks[0]) / (marks.at(-1) - marks[0]);
    root.append(svg('text', { x: left, y: top + 14, 'font-weight': 600 }, title));
    for (const t of marks) {
      root.append(svg('line', { class: 'grid', x1: x(t), x2: x(t), y1: top + head - 2, y2: top + block - foot }),
        svg('text', { class: 'soft', x: x(t), y: top + block - foot + 14, 'text-anchor': 'middle', 'font-size': 11 }, label(t)));
    }
    methods.forEach((m, i) => {
      const y = top + head + i * row + row / 2, v = m.summary[key];
      if (stacked || c === 0) root.append(svg('text', { x: 0, y: y + 4 }, m.name));
      if (!v) { root.append(svg('text', { class: 'soft', x: left, y: y + 4 }, '–')); return; }
      const bar = svg('g', {});
      if (v.h !== undefined) bar.append(svg('line', { x1: x(Math.max(marks[0], v.m - v.h)), x2: x(Math.min(marks.at(-1), v.m + v.h)), y1: y, y2: y, stroke: colour(m.name), 'stroke-width': 3, 'stroke-linecap': 'round', opacity: .45 }));
      bar.append(marker(m.name, x(v.m), y, 5), svg('text', { class: 'soft', x: left + each + 6, y: y + 4, 'font-size': 11 }, v.t));
      const hit = svg('rect', { x: left - 4, y: y - row / 2, width: each + 44, height: row, fill: 'transparent' });
      tips.push(hover(hit, () => tipTable(title, [[m.name, spelled(v)], ['seeds', String(v.n)]])));
      root.append(bar, hit);
    });
  });
  byKeys(root, tips);
  figure.append(root);
}

function hover(element, content) {
  element.addEventListener('pointermove', (e) => showTip(e.clientX, e.clientY, ...content()));
  element.addEventListener('pointerleave', hideTip);
  return { element, content };
}

// byKeys lets the arrow keys go through what a chart tells under the pointer;
// Enter does what a click does.
function byKeys(root, tips) {
  if (!tips.length) return;
  let at = 0;
  const read = (i) => {
    at = Math.max(0, Math.min(tips.length - 1, i));
    const bounds = tips[at].element.getBoundingClientRect();
    showTip(bounds.right, bounds.top, ...tips[at].content());
  };
  root.setAttribute('tabindex', 0);
  root.addEventListener('focus', () => { if (root.matches(':focus-visible')) read(at); });
  root.addEventListener('blur', hideTip);
  root.addEventListener('keydown', (e) => {
    if (e.key === 'Enter') tips[at].element.dispatchEvent(new MouseEvent('click'));
    const to = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: tips.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    read(to);
  });
}

// stream draws a line with its band per method over the boundaries.
function stream(figure, width, key) {
  const methods = shownMethods().filter((m) => m[key].filter(Boolean).length > (m.reference ? 0 : 1));
  if (!data.methods.some((m) => m[key].filter(Boolean).length > 1)) {
    return absent(figure, 'Not enough boundaries were measured yet.');
  }
  const n = data.tasks.length, named = width > 310;
  const right = named ? 24 + Math.max(30, ...methods.map((m) => 7 * m.name.length)) : 12;
  const height = width > 420 ? 300 : 240, box = { left: 36, top: 12, right: width - right, bottom: height - 34 };
  const values = data.methods.flatMap((m) => m[key]).filter(Boolean);
  const base = key === 'accuracy' ? data.base : [];
  values.push(...base.map((v) => ({ m: v })));
  const marks = ticks(...extent(values, key), 5);
  const x = (i) => box.left + (box.right - box.left) * i / n;
  const y = (v) => box.bottom - (box.bottom - box.top) * (v - marks[0]) / (marks.at(-1) - marks[0]);
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', tabindex: 0, 'aria-label':
    `${find('figcaption', figure).firstChild.textContent.trim()}, at the end: ${methods.map((m) => `${m.name} ${spelled(m[key].at(-1))}`).join(', ')}. Arrow keys read the values.` });
  for (const t of marks) {
    root.append(svg('line', { class: 'grid', x1: box.left, x2: box.right, y1: y(t), y2: y(t) }),
      svg('text', { class: 'soft', x: box.left - 6, y: y(t) + 4, 'text-anchor': 'end', 'font-size': 11 }, label(t)));
  }
  const every = Math.ceil(n / Math.max(1, (box.right - box.left) / 34));
  for (let i = 0; i <= n; i += every) {
    root.append(svg('text', { class: 'soft', x: x(i), y: box.bottom + 16, 'text-anchor': 'middle', 'font-size': 11 }, i ? `T${i}` : 'base'));
  }
  root.append(svg('line', { class: 'axis', x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
    svg('text', { class: 'soft', x: (box.left + box.right) / 2, y: box.bottom + 31, 'text-anchor': 'middle', 'font-size': 11 }, 'after learning'));
  if (base.length) {
    root.append(svg('polyline', { points: base.map((v, i) => `${x(i + 1)},${y(v)}`).join(' '), fill: 'none', stroke: 'var(--reference)', 'stroke-width': 1.5, 'stroke-dasharray': '2 3' }),
      svg('text', { class: 'soft', x: x(1), y: y(base[0]) - 6, 'font-size': 11 }, 'base model'));
  }
  for (const m of methods) {
    const points = m[key].map((v, i) => (v ? { x: x(i), i, ...v } : null)).filter(Boolean);
    const edge = points.filter((p) => p.h !== undefined);
    if (edge.length > 1) {
      const up = edge.map((p) => `${p.x},${y(Math.min(marks.at(-1), p.m + p.h))}`), down = edge.toReversed().map((p) => `${p.x},${y(Math.max(marks[0], p.m - p.h))}`);
      root.append(svg('polygon', { points: [...up, ...down].join(' '), fill: colour(m.name), opacity: .12 }));
    }
    if (m.reference && points.length < 3) { // a level, not a course
      const level = points.at(-1).m;
      root.append(svg('line', { x1: box.left, x2: box.right, y1: y(level), y2: y(level), stroke: colour(m.name), 'stroke-width': 1.5, 'stroke-dasharray': '6 4' }));
      continue;
    }
    root.append(svg('polyline', { points: points.map((p) => `${p.x},${y(p.m)}`).join(' '), fill: 'none', stroke: colour(m.name), 'stroke-width': 2, 'stroke-linejoin': 'round' }));
    for (const p of points) root.append(marker(m.name, p.x, y(p.m), 3));
  }
  if (named) endLabels(root, methods.map((m) => ({ name: m.name, y: y(m[key].findLast(Boolean).m) })), box);
  const cursor = svg('line', { class: 'cursor', y1: box.top, y2: box.bottom, visibility: 'hidden' });
  root.append(cursor);
  let at = n;
  const read = (i, place) => {
    at = i;
    cursor.setAttribute('x1', x(i));
    cursor.setAttribute('x2', x(i));
    cursor.setAttribute('visibility', 'visible');
    const rows = methods.filter((m) => m[key][i]).sort((a, b) => b[key][i].m - a[key][i].m).map((m) => [m.name, spelled(m[key][i])]);
    const bounds = root.getBoundingClientRect();
    if (i && base.length) rows.push(['base model', base[i - 1].toFixed(1)]);
    const [px, py] = place || [bounds.left + x(i), bounds.top + 20];
    showTip(px, py, ...tipTable(i ? `after T${i}${data.orders > 1 ? ", a mean over orders" : ` ${data.tasks[i - 1]}`}` : 'before the stream', rows.length ? rows : [['–', 'not measured']]));
  };
  const leave = () => { cursor.setAttribute('visibility', 'hidden'); hideTip(); };
  root.addEventListener('pointermove', (e) => {
    const bounds = root.getBoundingClientRect(), px = (e.clientX - bounds.left) * width / bounds.width;
    read(Math.max(0, Math.min(n, Math.round((px - box.left) / (box.right - box.left) * n))), [e.clientX, e.clientY]);
  });
  root.addEventListener('pointerleave', leave);
  root.addEventListener('focus', () => { if (root.matches(':focus-visible')) read(at); });
  root.addEventListener('blur', leave);
  root.addEventListener('keydown', (e) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: n }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    read(Math.max(0, Math.min(n, to)));
  });
  figure.append(root);
}

// endLabels names the lines at their ends, pushed apart where they would meet.
function endLabels(root, labels, box) {
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((l, i) => { l.at = i ? Math.max(l.y, labels[i - 1].at + 14) : l.y; });
  const over = labels.length ? labels.at(-1).at - box.bottom : 0;
  if (over > 0) labels.toReversed().forEach((l, i, list) => { l.at = Math.min(l.at, i ? list[i - 1].at - 14 : box.bottom); });
  for (const l of labels) {
    root.append(svg('polyline', { points: `${box.right + 5},${l.y} ${box.right + 11},${l.at} ${box.right + 14},${l.at}`, fill: 'none', stroke: colour(l.name), opacity: .6 }),
      svg('text', { x: box.right + 17, y: l.at + 4, style: inkOf(l.name), 'font-weight': 600 }, l.name));
  }
}

// pareto sets what was learned against what was kept.
function pareto(figure, width) {
  const [horizontal, vertical] = ['learning_accuracy', 'knowledge_retention'];
  const complete = (m) => m.summary[horizontal] && m.summary[vertical];
  if (!data.methods.some(complete)) return absent(figure, 'It needs a method with a done cell and a battery of base knowledge.');
  const methods = shownMethods().filter(complete);
  const height = Math.min(380, Math.max(280, width * .5)), box = { left: 44, top: 14, right: width - 20, bottom: height - 40 };
  const range = (key) => {
    const [low, high] = extent(data.methods.filter(complete).map((m) => m.summary[key]), key);
    return ticks(low - 1, high + 1, 6);
  };
  const [across, up] = [range(horizontal), range(vertical)];
  const x = (v) => box.left + (box.right - box.left) * (v - across[0]) / (across.at(-1) - across[0]);
  const y = (v) => box.bottom - (box.bottom - box.top) * (v - up[0]) / (up.at(-1) - up[0]);
  const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label':
    methods.map((m) => `${m.name}: learning accuracy ${spelled(m.summary[horizontal])}, knowledge retention ${spelled(m.summary[vertical])}`).join('; ') });
  for (const t of across) root.append(svg('line', { class: 'grid', x1: x(t), x2: x(t), y1: box.top, y2: box.bottom }), svg('text', { class: 'soft', x: x(t), y: box.bottom + 16, 'text-anchor': 'middle', 'font-size': 11 }, label(t)));
  for (const t of up) root.append(svg('line', { class: 'grid', x1: box.left, x2: box.right, y1: y(t), y2: y(t) }), svg('text', { class: 'soft', x: box.left - 6, y: y(t) + 4, 'text-anchor': 'end', 'font-size': 11 }, label(t)));
  root.append(svg('text', { class: 'soft', x: (box.left + box.right) / 2, y: height - 6, 'text-anchor': 'middle' }, width < 420 ? 'learning accuracy →' : 'learning accuracy: score right after each task was learned →'),
    svg('text', { class: 'soft', x: 11, y: (box.top + box.bottom) / 2, 'text-anchor': 'middle', transform: `rotate(-90 11 ${(box.top + box.bottom) / 2})` }, 'knowledge retention, % →'));
  const beaten = (m) => methods.some((o) => o !== m && o.group === m.group && o.summary[horizontal].m >= m.summary[horizontal].m && o.summary[vertical].m >= m.summary[vertical].m
    && (o.summary[horizontal].m > m.summary[horizontal].m || o.summary[vertical].m > m.summary[vertical].m));
  for (const group of new Set(methods.map((m) => m.group))) {
    const front = methods.filter((m) => m.group === group && !m.reference && !beaten(m)).sort((a, b) => a.summary[horizontal].m - b.summary[horizontal].m);
    root.append(svg('polyline', { points: front.map((m) => `${x(m.summary[horizontal].m)},${y(m.summary[vertical].m)}`).join(' '), fill: 'none', stroke: 'var(--soft)', 'stroke-dasharray': '4 4' }));
  }
  const taken = [], tips = [];
  for (const m of methods) {
    const [a, b] = [m.summary[horizontal], m.summary[vertical]], group = svg('g', {});
    const stroke = { stroke: colour(m.name), 'stroke-width': 2, opacity: .4, 'stroke-linecap': 'round' };
    if (a.h !== undefined) group.append(svg('line', { x1: x(Math.max(across[0], a.m - a.h)), x2: x(Math.min(across.at(-1), a.m + a.h)), y1: y(b.m), y2: y(b.m), ...stroke }));
    if (b.h !== undefined) group.append(svg('line', { x1: x(a.m), x2: x(a.m), y1: y(Math.max(up[0], b.m - b.h)), y2: y(Math.min(up.at(-1), b.m + b.h)), ...stroke }));
    const long = 7.4 * m.name.length, atEnd = x(a.m) + 12 + long > box.right;
    const spot = { x: atEnd ? x(a.m) - 12 - long : x(a.m) + 10, y: y(b.m) - 8, long };
    while (taken.some((t) => Math.abs(t.y - spot.y) < 13 && spot.x < t.x + t.long && t.x < spot.x + spot.long)) spot.y += 13;
    taken.push(spot);
    group.append(marker(m.name, x(a.m), y(b.m), 6.5), svg('text', { x: spot.x, y: spot.y, 'font-weight': 600, style: inkOf(m.name) }, m.name));
    tips.push(hover(group, () => tipTable(m.name, [['learning accuracy', spelled(a)], ['knowledge retention', spelled(b)], ['accuracy at the end', spelled(m.summary.acc)], ['seeds', String(a.n)]])));
    root.append(group);
  }
  byKeys(root, tips);
  figure.append(root);
}

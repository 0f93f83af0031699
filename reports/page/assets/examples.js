// The examples come packed: JSON, gzip, base64. A track is a flat list of
// boundary, text, score, one entry for each time that the prediction changed.
let examples = null;

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}

async function setUpExamples() {
  const packed = find('#packed');
  if (!packed) return;
  const box = find('#explorer');
  if (typeof DecompressionStream === 'undefined') {
    box.replaceChildren(make('p', { class: 'absent' }, 'This browser cannot unpack the examples (it has no DecompressionStream); one of 2023 or newer can.'));
    return;
  }
  examples = await unpack(JSON.parse(packed.textContent));
  if (!examples.methods.some((m) => m.name === state.method)) state.method = '';
  buildControls(box);
  drawExamples();
}

const kinds = [
  ['lost', 'lost: worse at the end than when it was learned'],
  ['gained', 'gained: better at the end'],
  ['kept', 'kept: as good at the end'],
  ['never', 'never right'],
  ['all', 'all'],
];

function buildControls(box) {
  const options = (list, chosen) => list.map(([value, text]) => make('option', { value, selected: value === chosen }, text));
  const select = (name, title, list) => make('label', {}, title, make('select', {
    'data-choose': name, onchange: (e) => { state[name] = e.target.value; state.shown = 30; drawExamples(); },
  }, ...options(list, state[name])));
  const groups = examples.groups.map((g) => [g.name, g.index ? `T${g.index} ${g.name}` : `base knowledge: ${g.name}`]);
  box.className = 'explorer';
  box.replaceChildren(
    make('div', { class: 'controls' },
      select('method', 'method', examples.methods.map((m) => [m.name, m.name])),
      select('task', 'task', [['', 'all tasks'], ...groups]),
      select('kind', 'show', kinds),
      make('label', {}, 'text', make('input', { type: 'search', value: state.search, placeholder: 'prompt, gold or prediction', oninput: (e) => { state.search = e.target.value; state.shown = 30; drawExamples(); } }))),
    make('p', { class: 'hint', 'data-count': true, 'aria-live': 'polite' }),
    make('ul', { class: 'examples' }),
    make('button', { type: 'button', class: 'more', onclick: () => { state.shown += 60; drawExamples(); } }, 'Show more'));
}

function goToExamples(method, task) {
  if (!examples) return;
  Object.assign(state, { method, task, kind: 'all', shown: 30 });
  drawExamples();
  find('#examples').scrollIntoView();
  find('[data-choose="task"]').focus({ preventScroll: true });
}

// entryAt is the prediction that stood at a boundary: null if none was made yet.
function entryAt(track, boundary) {
  let found = null;
  for (let k = 0; k < track.length && track[k] <= boundary; k += 3) found = { text: examples.texts[track[k + 1]], score: track[k + 2] };
  return found;
}

// judge sets the end against the time when the task was learned; what the base
// model knew counts from the start.
function judge(method, g, e) {
  const track = method.tracks[g][e], seen = method.seen[g];
  const own = examples.groups[g].index;
  const [base, learned, last] = [seen.includes(0) ? entryAt(track, 0) : null, seen.includes(own) ? entryAt(track, own) : null, seen.length ? entryAt(track, seen.at(-1)) : null];
  let kind = '';
  if (learned && last) {
    if (last.score < learned.score) kind = 'lost';
    else if (last.score > learned.score) kind = 'gained';
    else kind = last.score > 0 ? 'kept' : 'never';
  }
  return { g, e, base, learned, last, kind, fall: learned && last ? learned.score - last.score : 0 };
}

function drawExamples() {
  if (!examples) return;
  const box = find('#explorer');
  if (!state.method) state.method = defaultMethod();
  for (const s of all('[data-choose]', box)) s.value = state[s.dataset.choose];
  const method = examples.methods.find((m) => m.name === state.method);
  const wanted = state.search.toLowerCase();
  const found = [];
  examples.groups.forEach((group, g) => {
    if (state.task && group.name !== state.task) return;
    group.examples.forEach((example, e) => {
      const verdict = judge(method, g, e);
      if (state.kind !== 'all' && verdict.kind !== state.kind) return;
      if (wanted && ![example.prompt, example.gold, verdict.base?.text, verdict.learned?.text, verdict.last?.text].some((t) => t?.toLowerCase().includes(wanted))) return;
      found.push(verdict);
    });
  });
  found.sort((a, b) => b.fall - a.fall || a.g - b.g || a.e - b.e);
  find('[data-count]', box).textContent = `${found.length} examples of ${method.name}${found.length > state.shown ? `, the first ${state.shown} are shown` : ''}`;
  const list = find('.examples', box);
  list.replaceChildren(make('li', { 'aria-hidden': true }, make('div', { class: 'example head' }, ...['prompt', 'base model', 'when learned', 'at the end'].map((t) => make('span', {}, t)))));
  for (const verdict of found.slice(0, state.shown)) list.append(exampleItem(method, verdict));
  find('.more', box).hidden = found.length <= state.shown;
}

// The first method shown is the one that lost most: there is most to see.
function defaultMethod() {
  const lost = (m) => examples.groups.reduce((sum, group, g) => sum + group.examples.filter((_, e) => judge(m, g, e).kind === 'lost').length, 0);
  return examples.methods.map((m) => [m.name, lost(m)]).sort((a, b) => b[1] - a[1])[0][0];
}

function answer(entry) {
  if (!entry) return make('span', { class: 'absent' }, '–');
  const class_ = entry.score >= 1 ? 'right' : entry.score > 0 ? '' : 'wrong';
  return make('span', { class: class_ }, `${entry.score >= 1 ? '✓' : entry.score > 0 ? entry.score.toFixed(2) : '✗'} ${entry.text || '(nothing)'}`);
}

function exampleItem(method, verdict) {
  const group = examples.groups[verdict.g], example = group.examples[verdict.e];
  const key = `${group.name}/${example.id}`;
  const lastLine = example.prompt.trim().split('\n').join(' ⏎ ');
  const place = `${group.index ? `T${group.index}` : 'K'} ${group.name} #${example.id} · gold: ${example.gold}`;
  const own = group.index ? verdict.learned : null;
  const button = make('button', { type: 'button', class: 'example', 'aria-expanded': String(state.open.has(key)) },
    make('span', {}, lastLine, make('span', { class: 'place' }, place)), answer(verdict.base), group.index ? answer(own) : make('span', { class: 'absent' }, 'known before'), answer(verdict.last));
  const item = make('li', {}, button);
  const show = () => item.append(opened(method, verdict));
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') !== 'true';
    button.setAttribute('aria-expanded', String(open));
    open ? state.open.add(key) : state.open.delete(key);
    open ? show() : find('.opened', item).remove();
  });
  if (state.open.has(key)) show();
  return item;
}

const stage = (i) => (i ? `after T${i} ${examples.tasks[i - 1]}` : 'base model');

// opened shows an example whole: texts, every method's course, and the changes
// of the chosen method one by one.
function opened(method, { g, e }) {
  const group = examples.groups[g], example = group.examples[e];
  const box = make('div', { class: 'opened' }, make('h4', {}, 'Prompt'), make('pre', {}, example.prompt));
  if (example.options.length) box.append(make('h4', {}, 'Options'), make('ul', {}, ...example.options.map((o) => make('li', { class: o === example.gold ? 'right' : null }, o))));
  box.append(make('h4', {}, 'Gold'), make('p', { class: 'right' }, example.gold), make('h4', {}, 'Score after each task'), strips(g, e),
    make('h4', {}, `Predictions of ${method.name} as they changed`));
  const track = method.tracks[g][e], rows = [];
  for (let k = 0; k < track.length; k += 3) {
    rows.push(make('tr', {}, make('td', {}, stage(track[k])), make('td', {}, examples.texts[track[k + 1]] || '(nothing)'),
      make('td', { class: track[k + 2] >= 1 ? 'right' : track[k + 2] > 0 ? null : 'wrong' }, String(track[k + 2]))));
  }
  box.append(rows.length ? make('div', { class: 'scroll' }, make('table', { class: 'timeline' },
    make('thead', {}, make('tr', {}, ...['from', 'prediction', 'score'].map((t) => make('th', { scope: 'col' }, t)))), make('tbody', {}, ...rows)))
    : make('p', { class: 'absent' }, 'Not evaluated.'));
  return box;
}

function strips(g, e) {
  const own = examples.groups[g].index, stages = [...Array(examples.tasks.length + 1).keys()];
  const head = make('tr', {}, make('th', { scope: 'col' }, ''), ...stages.map((i) => make('th', { scope: 'col', title: stage(i) }, i ? `T${i}` : 'base')));
  const rows = examples.methods.filter((m) => !state.hidden.has(m.name)).map((m) => make('tr', {}, make('th', { scope: 'row' }, m.name), ...stages.map((i) => {
    const seen = m.seen[g].includes(i), entry = seen ? entryAt(m.tracks[g][e], i) : null;
    const text = entry ? `${m.name} ${stage(i)}: “${entry.text}”, score ${entry.score}` : `${m.name} ${stage(i)}: not evaluated`;
    const cell = make('td', { class: `${seen ? '' : 'unseen'}${i === own && own ? ' own' : ''}`, title: text }, entry ? (entry.score >= 1 ? '✓' : entry.score > 0 ? entry.score.toFixed(1).slice(1) : '·') : '');
    if (entry) cell.style.setProperty('--shade', `rgba(var(--heat), ${(0.06 + 0.74 * entry.score).toFixed(2)})`);
    return cell;
  })));
  return make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Score after each task' }, make('table', { class: 'strips' }, make('thead', {}, head), make('tbody', {}, ...rows)));
}

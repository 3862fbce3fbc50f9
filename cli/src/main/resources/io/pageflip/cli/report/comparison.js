'use strict';
(() => {
  const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7a5195', '#555555', '#a05d1a', '#003f5c'];
  const POINTS = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'crossRot'];
  const data = JSON.parse(document.getElementById('data').textContent);
  const cells = data.cells;
  const measured = cells.filter(cell => cell.summary && cell.summary['downtime-ns']);
  const number = value => value.toLocaleString('en-US', { maximumFractionDigits: 2 });

  function size(bytes) {
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let power = 0;
    let value = bytes;
    while (value >= 1024 && power < units.length - 1) {
      value /= 1024;
      power++;
    }
    return number(value) + ' ' + units[power];
  }

  function duration(ns) {
    return ns < 1e6 ? number(Number((ns / 1e3).toPrecision(3))) + ' µs' : number(Number((ns / 1e6).toPrecision(4))) + ' ms';
  }

  const UNITS = { us: [1e3, 'µs', 1], ms: [1e6, 'ms', 3], s: [1e9, 's', 6] };
  const asked = data.request || {};

  /** A time in a table: in the unit that was asked for. */
  function time(ns) {
    if (!UNITS[asked.unit]) {
      return duration(ns);
    }
    const [divisor, unit, decimals] = UNITS[asked.unit];
    return (ns / divisor).toFixed(decimals) + ' ' + unit;
  }

  const distinct = values => [...new Set(values)];
  const varies = option => distinct(cells.map(cell => cell.options[option])).length > 1;
  const guest = options => number(options['dirty-rate']) + ' pages/s written, ' + options.vcpus + (options.vcpus === 1 ? ' vCPU' : ' vCPUs');

  /** A cell among those of equal RAM, or of an equal guest. */
  function name(options, withGuest) {
    const words = [options.mechanism, options.schedule];
    if (varies('backing') || withGuest) {
      words.push(options.backing);
    }
    const guestWords = [];
    if (withGuest && varies('dirty-rate')) {
      guestWords.push(number(options['dirty-rate']) + '/s');
    }
    if (withGuest && varies('vcpus')) {
      guestWords.push(options.vcpus + ' vCPU');
    }
    return words.filter(word => word).concat(guestWords).join(' ');
  }

  function groups(list, key) {
    const found = new Map();
    for (const element of list) {
      const k = key(element);
      found.set(k, (found.get(k) || []).concat([element]));
    }
    return found;
  }

  function canvas(place, height) {
    const box = document.createElement('div');
    box.className = 'chart';
    box.style.height = height + 'px';
    const made = document.createElement('canvas');
    box.appendChild(made);
    document.getElementById(place).appendChild(box);
    return made;
  }

  function nothing(place) {
    const note = document.createElement('p');
    note.textContent = 'Nothing was measured.';
    document.getElementById(place).appendChild(note);
  }

  const title = text => ({ display: true, text, font: { size: 14 }, color: '#222' });
  const axisTitle = text => ({ display: true, text });

  /** From the least to the most, through each point of a line. */
  const ranges = {
    id: 'ranges',
    beforeDatasetsDraw(chart) {
      const draw = chart.ctx;
      chart.data.datasets.forEach((set, i) => {
        if (!chart.isDatasetVisible(i)) {
          return;
        }
        draw.save();
        draw.strokeStyle = set.borderColor;
        draw.lineWidth = 1.5;
        for (const point of set.data) {
          const x = chart.scales.x.getPixelForValue(point.x);
          const top = chart.scales.y.getPixelForValue(point.max);
          const bottom = chart.scales.y.getPixelForValue(point.min);
          draw.beginPath();
          draw.moveTo(x, top);
          draw.lineTo(x, bottom);
          draw.moveTo(x - 4, top);
          draw.lineTo(x + 4, top);
          draw.moveTo(x - 4, bottom);
          draw.lineTo(x + 4, bottom);
          draw.stroke();
        }
        draw.restore();
      });
    }
  };

  function line(list, key, i) {
    const points = list.map(cell => {
      const ns = cell.summary['downtime-ns'];
      return { x: cell.options.ram, y: ns.p50 / 1e6, min: ns.min / 1e6, max: ns.max / 1e6, runs: cell.summary.runs };
    });
    points.sort((a, b) => a.x - b.x);
    const colour = COLOURS[i % COLOURS.length];
    return { label: key, data: points, borderColor: colour, backgroundColor: colour, borderWidth: 2,
      pointStyle: POINTS[i % POINTS.length], pointRadius: 5, pointHoverRadius: 7 };
  }

  /** 1, 2 and 5 of each power of ten that the axis shows. */
  function decades(axis) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(axis.min)); power <= Math.ceil(Math.log10(axis.max)); power++) {
      for (const digit of [1, 2, 5]) {
        const value = digit * 10 ** power;
        if (value >= axis.min * 0.999 && value <= axis.max * 1.001) {
          ticks.push({ value });
        }
      }
    }
    axis.ticks = ticks;
  }

  function downtimeChart(heading, list) {
    const sizes = distinct(list.map(cell => cell.options.ram)).sort((a, b) => a - b);
    const all = list.map(cell => cell.summary['downtime-ns']);
    const sets = [...groups(list, cell => name(cell.options, false))].map(([key, some], i) => line(some, key, i));
    new Chart(canvas('downtime', 420), {
      type: 'line',
      data: { datasets: sets },
      plugins: [ranges],
      options: {
        animation: false, maintainAspectRatio: false,
        scales: {
          x: { type: 'logarithmic', min: sizes[0] / 1.3, max: sizes[sizes.length - 1] * 1.3, title: axisTitle('guest RAM'),
            afterBuildTicks: axis => { axis.ticks = sizes.map(value => ({ value })); },
            ticks: { callback: value => size(value), autoSkip: true } },
          y: { type: 'logarithmic', min: Math.min(...all.map(ns => ns.min)) / 1e6 / 1.5, max: Math.max(...all.map(ns => ns.max)) / 1e6 * 1.5,
            title: axisTitle('downtime, ms'), afterBuildTicks: decades, ticks: { callback: value => number(value) } }
        },
        plugins: {
          title: title(heading), legend: { position: 'bottom', labels: { usePointStyle: true } },
          tooltip: { callbacks: {
            title: items => size(items[0].raw.x),
            label: item => item.dataset.label + ': median ' + duration(item.raw.y * 1e6) + ', ' + duration(item.raw.min * 1e6)
              + ' to ' + duration(item.raw.max * 1e6) + ', ' + item.raw.runs + ' runs'
          } }
        }
      }
    });
  }

  /** Bars that lie, one a cell, each made of parts: [{name, values: one a cell}]. */
  function stackedBars(place, heading, list, parts, axis, show, label = cell => name(cell.options, true)) {
    const used = parts.filter(part => part.values.some(value => value > 0));
    new Chart(canvas(place, 130 + 34 * list.length), {
      type: 'bar',
      data: {
        labels: list.map(label),
        datasets: used.map(part => ({ label: part.name, data: part.values, backgroundColor: part.colour, maxBarThickness: 24 }))
      },
      options: {
        indexAxis: 'y', animation: false, maintainAspectRatio: false,
        scales: {
          x: { stacked: true, beginAtZero: true, title: axisTitle(axis), ticks: { callback: value => number(value) } },
          y: { stacked: true, ticks: { autoSkip: false } }
        },
        plugins: {
          title: title(heading), legend: { position: 'bottom' },
          tooltip: { callbacks: { label: item => item.dataset.label + ': ' + show(item.raw, list[item.dataIndex]) } }
        }
      }
    });
  }

  function parts(list, names, value) {
    return names.map((part, i) => ({ name: part, colour: COLOURS[i % COLOURS.length], values: list.map(cell => value(cell, part)) }));
  }

  const lastRun = cell => cell.runs[cell.runs.length - 1];

  const NO_PAGES = { moved: 0, copied: 0, declined: 0, zero: 0, 'copy-reasons': {}, 'decline-reasons': {} };
  const lastPages = cell => (lastRun(cell) || {}).pages || NO_PAGES;
  const declines = cells.some(cell => lastPages(cell).declined > 0);

  /** The run whose downtime is the median. */
  function medianRun(cell) {
    const p50 = cell.summary['downtime-ns'].p50;
    return cell.runs.find(run => run['downtime-ns'] === p50) || lastRun(cell);
  }

  function pageParts(list) {
    const reasons = key => distinct(measured.flatMap(cell => Object.keys(lastPages(cell)[key])));
    const names = ['moved', 'zero'].concat(reasons('copy-reasons').map(reason => 'copied: ' + reason),
      reasons('decline-reasons').map(reason => 'declined: ' + reason));
    return parts(list, names, (cell, part) => {
      const pages = lastPages(cell);
      const [count, reason] = part.split(': ');
      return (reason === undefined ? pages[count] : pages[count === 'copied' ? 'copy-reasons' : 'decline-reasons'][reason]) || 0;
    });
  }

  const phases = cell => medianRun(cell)['downtime-phases-ns'] || {};
  const phaseNames = distinct(measured.flatMap(cell => Object.keys(phases(cell))));
  const phaseSum = cell => phaseNames.reduce((sum, phase) => sum + (phases(cell)[phase] || 0), 0);

  /** Each bar has a scale of its own: a phase of microseconds is to be seen beside a downtime of milliseconds. */
  function phaseChart(heading, list) {
    const shares = parts(list, phaseNames, (cell, phase) => (phases(cell)[phase] || 0) / Math.max(1, phaseSum(cell)) * 100);
    stackedBars('phases', heading, list, shares, 'part of the downtime, %', (share, cell) => duration(share / 100 * phaseSum(cell)) + ', '
      + number(share) + ' %', cell => name(cell.options, true) + ': ' + duration(phaseSum(cell)));
  }

  function phaseTable() {
    const list = measured.filter(cell => phaseSum(cell) > 0);
    const used = phaseNames.filter(phase => list.some(cell => phases(cell)[phase] > 0));
    document.getElementById('phase-figures').hidden = list.length === 0;
    table(document.querySelector('#phase-figures table'), OPTIONS.concat(['downtime'], used), 6, list.map(cell => (
      { texts: optionTexts(cell.options).concat([time(phaseSum(cell))], used.map(phase => time(phases(cell)[phase] || 0))) })));
  }

  /** What a lane shows: a name above its line, a mark where the guest had recovered, and a line through all lanes at the switchover. */
  const lanes = {
    id: 'lanes',
    afterDatasetsDraw(chart) {
      const draw = chart.ctx;
      const area = chart.chartArea;
      const zero = chart.scales.x.getPixelForValue(0);
      draw.save();
      draw.strokeStyle = '#222';
      draw.setLineDash([4, 3]);
      draw.beginPath();
      draw.moveTo(zero, area.top);
      draw.lineTo(zero, area.bottom);
      draw.stroke();
      draw.font = '13px system-ui, sans-serif';
      draw.textBaseline = 'top';
      chart.data.datasets.forEach(set => {
        const top = chart.scales[set.yAxisID].top;
        draw.fillStyle = '#222';
        draw.fillText(set.label, zero + 6, top + 3);
        if (set.recoveredMs !== undefined) {
          const x = chart.scales.x.getPixelForValue(set.recoveredMs);
          const tip = chart.scales[set.yAxisID].getPixelForValue(set.most) - 2;
          draw.fillStyle = set.borderColor;
          draw.beginPath();
          draw.moveTo(x, tip);
          draw.lineTo(x - 5, tip - 8);
          draw.lineTo(x + 5, tip - 8);
          draw.fill();
        }
      });
      draw.restore();
    }
  };

  const millions = (count, slotNs) => count / slotNs * 1e3; // a second

  function lane(cell, i, most) {
    const t = medianRun(cell).throughput;
    const slot = t['slot-ns'];
    const recovered = t['recovered-ns'];
    const colour = COLOURS[i % COLOURS.length];
    const lost = (medianRun(cell)['guest-time-lost'] || {})['total-ns'];
    const when = t['rate-before'] === 0 ? 'its rate before is not known'
      : recovered === undefined ? 'not back to 95 % while watched' : 'back to 95 % after ' + duration(recovered);
    return { label: name(cell.options, false) + ': ' + when + (lost === undefined ? '' : ', lost ' + duration(lost)),
      data: t.instructions.map((count, k) => ({ x: (t['from-ns'] + k * slot) / 1e6, y: millions(count, slot) })), yAxisID: 'y' + i,
      recoveredMs: recovered === undefined ? undefined : recovered / 1e6, most,
      borderColor: colour, backgroundColor: colour + '55', borderWidth: 1, fill: lost === undefined ? 'origin' : { target: { value: t['rate-before'] / 1e6 }, above: 'transparent', below: colour + '55' },
      stepped: 'before', pointRadius: 0, pointHitRadius: 3 };
  }

  /** The brownout: a chart for each guest, a lane for each way to move it. */
  function throughputChart(heading, list) {
    document.getElementById('throughput').hidden = false;
    const most = Math.max(...list.flatMap(cell => {
      const t = medianRun(cell).throughput;
      return t.instructions.map(count => millions(count, t['slot-ns']));
    }));
    const sets = list.map((cell, i) => lane(cell, i, most));
    const last = Math.max(...sets.map(set => set.data[set.data.length - 1].x));
    const scales = { x: { type: 'linear', min: -100, max: Math.ceil(last / 50) * 50, title: axisTitle('time since the last guest instruction at the source, ms'),
      ticks: { stepSize: 50, callback: value => number(value) } } };
    sets.forEach((set, i) => {
      // The first axis of a stack is the lowest.
      scales[set.yAxisID] = { stack: 'lanes', weight: sets.length - i, min: 0, max: most * 1.5, title: axisTitle('million/s'),
        afterBuildTicks: axis => { axis.ticks = axis.ticks.filter(tick => tick.value <= most); },
        ticks: { maxTicksLimit: 5, callback: value => number(value) } };
    });
    new Chart(canvas('throughput', 90 + 110 * sets.length), {
      type: 'line',
      data: { datasets: sets },
      plugins: [lanes],
      options: {
        animation: false, maintainAspectRatio: false, scales,
        plugins: {
          title: title(heading), legend: { display: false },
          tooltip: { callbacks: {
            title: items => 'the millisecond from ' + number(items[0].raw.x) + ' ms on',
            label: item => name(list[item.datasetIndex].options, false) + ': ' + number(item.raw.y) + ' million instructions/s'
          } }
        }
      }
    });
  }

  const qemu = data.qemu || [];

  /** What programs say of their downtimes, and what an observer saw, a bar each. */
  function saysAndSeen(heading, list) {
    document.getElementById('says').hidden = false;
    const ms = ns => (ns ? ns.p50 / 1e6 : null);
    const bars = [
      { label: 'says', values: list.map(row => ms(row.says)), colour: COLOURS[5] },
      { label: 'seen', values: list.map(row => ms(row.seen && row.seen.ns)), colour: COLOURS[1] }
    ];
    const all = bars.flatMap(bar => bar.values).filter(value => value > 0);
    new Chart(canvas('says', 130 + 44 * list.length), {
      type: 'bar',
      data: {
        labels: list.map(row => row.name),
        datasets: bars.map(bar => ({ label: bar.label, data: bar.values, backgroundColor: bar.colour, maxBarThickness: 16 }))
      },
      options: {
        indexAxis: 'y', animation: false, maintainAspectRatio: false,
        scales: {
          x: { type: 'logarithmic', min: Math.min(...all) / 1.5, max: Math.max(...all) * 1.5, title: axisTitle('median, ms'),
            afterBuildTicks: decades, ticks: { callback: value => number(value) } },
          y: { ticks: { autoSkip: false } }
        },
        plugins: {
          title: title(heading), legend: { position: 'bottom' },
          tooltip: { callbacks: {
            label: item => item.dataset.label + ': '
              + (item.dataset.label === 'seen' && list[item.dataIndex].seen.below ? 'less than ' : '') + duration(item.raw * 1e6)
          } }
        }
      }
    });
  }

  const watched = cells.filter(cell => cell.summary && cell.summary.seen).map(cell => ({
    options: cell.options, name: 'pageflip ' + name(cell.options, false), says: cell.summary['downtime-ns'], seen: cell.summary.seen
  })).concat(qemu.filter(row => row.summary).map(row => ({
    options: row.options, name: qemuName(row.options), says: row.summary['says-ns'], seen: row.summary.seen
  })));

  function qemuName(options) {
    return options.program + ' ' + options.mode + (options['downtime-limit'] === undefined ? '' : ' ' + options['downtime-limit'] + ' ms');
  }

  /** A figure that not all runs of its row have says so. */
  const of = (text, runs, row) => (runs === undefined || runs === row.runs.length ? text : text + ' (' + runs + ' of ' + row.runs.length + ')');

  function shown(row) {
    const seen = row.summary.seen;
    return seen ? of((seen.below ? '< ' : '') + time(seen.ns.p50) + (seen.differs ? ' *' : ''), seen.runs, row) : '';
  }

  /** QEMU's own total time ends with the old process, where the new one reads a file. */
  const RESTARTS = ['cpr-exec', 'cpr-reboot', 'mapped-ram'];

  function totalNs(row) {
    const s = row.summary;
    if (RESTARTS.includes(row.options.mode) && s['wall-ns'] !== undefined) {
      return s['wall-ns'];
    }
    return s['total-time'] === undefined ? undefined : s['total-time'] * 1e6;
  }

  function qemuFigures(row) {
    const texts = [size(row.options.ram), String(row.options.vcpus), number(row.options['dirty-rate']), qemuName(row.options), row.options.backing];
    if (!row.summary) {
      const failed = row.runs.filter(run => run.error).pop();
      return { className: 'failed', texts: texts.concat([String(row.runs.length), row.status + (failed ? ': ' + failed.error : '')]) };
    }
    const s = row.summary;
    const between = s['stop-resume-ns'];
    const total = totalNs(row);
    return { texts: texts.concat([String(s.runs), s['says-ns'] ? time(s['says-ns'].p50) : '', shown(row),
      between ? of(time(between.p50), s['stop-resume-runs'], row) : '', ratio(s), total === undefined ? '' : time(total),
      s['transferred-bytes'] === undefined ? '' : size(s['transferred-bytes']), s['peak-pss-bytes'] === undefined ? '' : size(s['peak-pss-bytes'])]) };
  }

  const PERCENTILES = ['p50', 'p90', 'p99', 'p99.9', 'max'];
  const waits = cell => (medianRun(cell).postcopy || {})['wait-ns'];

  function latencyChart(heading, list) {
    document.getElementById('latencies').hidden = false;
    const shown = PERCENTILES.filter(key => list.some(cell => waits(cell)[key] > 0));
    const all = list.flatMap(cell => shown.map(key => waits(cell)[key] / 1e3)).filter(us => us > 0);
    new Chart(canvas('latencies', 340), {
      type: 'line',
      data: {
        labels: shown,
        datasets: list.map((cell, i) => ({ label: name(cell.options, true) + ', ' + number(medianRun(cell).postcopy.waits) + ' waits',
          data: shown.map(key => waits(cell)[key] > 0 ? waits(cell)[key] / 1e3 : null), borderColor: COLOURS[i % COLOURS.length],
          backgroundColor: COLOURS[i % COLOURS.length], borderWidth: 2, spanGaps: true, pointStyle: POINTS[i % POINTS.length], pointRadius: 5 }))
      },
      options: {
        animation: false, maintainAspectRatio: false,
        scales: {
          x: { title: axisTitle('percentile of the waits'), offset: true },
          y: { type: 'logarithmic', min: Math.min(...all) / 1.5, max: Math.max(...all) * 1.5, title: axisTitle('wait for a page, µs'), afterBuildTicks: decades, ticks: { callback: value => number(value) } }
        },
        plugins: {
          title: title(heading), legend: { position: 'bottom', labels: { usePointStyle: true } },
          tooltip: { callbacks: { label: item => item.dataset.label + ': ' + item.label + ' ' + duration(item.raw * 1e3) } }
        }
      }
    });
  }

  function element(row, kind, text, className) {
    const made = document.createElement(kind);
    made.textContent = text;
    made.className = className || '';
    row.appendChild(made);
  }

  function table(place, header, firstNumber, rows) {
    const head = place.createTHead().insertRow();
    header.forEach((text, i) => element(head, 'th', text, i >= firstNumber ? 'number' : ''));
    const body = place.createTBody();
    for (const cells of rows) {
      const row = body.insertRow();
      row.className = cells.className || '';
      cells.texts.forEach((text, i) => element(row, 'td', text, i >= firstNumber ? 'number' : i === cells.reason ? 'reason' : ''));
    }
  }

  const optionTexts = options => [size(options.ram), String(options.vcpus), number(options['dirty-rate']), options.mechanism || options.program,
    options.schedule || options.mode || '', options.backing];
  const OPTIONS = ['RAM', 'vCPUs', 'pages/s', 'mechanism', 'schedule', 'backing'];

  /** 0 if what it is to is not known. */
  const ratio = summary => (summary.ratio ? summary.ratio.toFixed(2) : '');

  const spread = summary => summary.spread === undefined ? '' : (summary['wide-spread'] ? 'wide: ' : '') + Math.round(summary.spread * 100) + ' %';

  function figures(cell) {
    const texts = optionTexts(cell.options);
    if (!cell.summary || !cell.summary['downtime-ns']) {
      const failed = cell.runs.filter(run => run.error).pop();
      return { className: 'failed', texts: texts.concat([String(cell.runs.length), cell.status + (failed ? ': ' + failed.error.message : '')]) };
    }
    const ns = cell.summary['downtime-ns'];
    const pages = lastPages(cell);
    return { texts: texts.concat([String(cell.summary.runs), time(ns.p50),
      time(ns.min), time(ns.max), time(ns.p99), spread(cell.summary), ratio(cell.summary), number(pages.moved), number(pages.copied)],
      watched.length > 0 ? [shown(cell)] : [], declines ? [number(pages.declined)] : []) };
  }

  function place() {
    const host = data.host;
    const request = data.request;
    document.getElementById('where').textContent = 'Linux ' + host.kernel + ', ' + host.cpus + ' CPUs, Java ' + host.java + '; '
      + request.runs + (request.runs === 1 ? ' run' : ' runs') + ' of each combination' + (cells.length > 1 ? ', in turn' : '')
      + (data.interrupted ? '; interrupted: this is what was measured until then' : '');
  }

  const median = ns => (ns ? ns.p50 : undefined);
  const last = cell => lastRun(cell) || {};
  const SORTS = {
    downtime: row => median(row.summary['downtime-ns'] || row.summary['says-ns']),
    seen: row => median((row.summary.seen || {}).ns),
    total: row => (row.options.program ? totalNs(row) : last(row)['total-time'] * 1e6)
  };

  /** Rows with the same guest in the order that was asked for; those without the figure last. */
  function sorted(rows) {
    const figure = row => (row.summary && SORTS[asked.sort] ? SORTS[asked.sort](row) : undefined);
    const key = row => { const value = figure(row); return value === undefined || isNaN(value) ? Infinity : value; };
    const order = (a, b) => (key(a) === key(b) ? 0 : key(a) - key(b));
    return SORTS[asked.sort] ? [...groups(rows, row => [row.options.ram, row.options.vcpus, row.options['dirty-rate']].join()).values()]
      .flatMap(list => list.slice().sort(order)) : rows;
  }

  place();
  if (asked.reference) {
    document.querySelectorAll('.reference').forEach(words => { words.textContent = asked.reference + ', with the same guest'; });
  }
  Chart.defaults.font.size = 13;
  if (measured.length === 0) {
    ['downtime', 'pages', 'phases'].forEach(nothing);
  }
  for (const [heading, list] of groups(measured, cell => guest(cell.options))) {
    downtimeChart(heading, list);
  }
  for (const [ram, list] of groups(measured, cell => cell.options.ram)) {
    stackedBars('pages', size(ram) + ' of guest RAM', list, pageParts(list), 'pages', value => number(value) + ' pages');
    phaseChart(size(ram) + ' of guest RAM', list);
  }
  phaseTable();
  for (const [heading, list] of groups(measured.filter(cell => medianRun(cell).throughput), cell => size(cell.options.ram) + ' of guest RAM, '
    + guest(cell.options))) {
    throughputChart(heading, list);
  }
  for (const [heading, list] of groups(measured.filter(cell => (waits(cell) || {}).max > 0), cell => size(cell.options.ram) + ' of guest RAM')) {
    latencyChart(heading, list);
  }
  for (const [heading, list] of groups(watched, row => size(row.options.ram) + ' of guest RAM, ' + guest(row.options))) {
    saysAndSeen(heading, list);
  }
  if (qemu.length > 0) {
    const section = document.getElementById('qemu');
    section.hidden = false;
    table(section.querySelector('table'), ['RAM', 'vCPUs', 'pages/s', 'mode', 'backing', 'runs', 'says', 'seen', 'stop-resume', 'ratio', 'total',
      'transferred', 'memory'], 5, sorted(qemu).map(qemuFigures));
  }
  table(document.getElementById('figures'), OPTIONS.concat(['runs', 'median', 'min', 'max', 'p99', 'spread', 'ratio', 'moved', 'copied'],
    watched.length > 0 ? ['seen'] : [], declines ? ['declined'] : []), 6, sorted(cells).map(figures));
  if (data.skipped.length > 0) {
    const section = document.getElementById('skipped');
    section.hidden = false;
    table(section.querySelector('table'), OPTIONS.concat(['reason']), 99,
      data.skipped.map(one => ({ reason: 6, texts: optionTexts(one.options).concat([one.reason]) })));
  }
})();

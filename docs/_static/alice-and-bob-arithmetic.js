// The network of Alice and Bob, and what each of them says of it: numbers only, nothing of the page.
//
// The page works without a server, so that it computes what it shows. tests/site/test_alice_and_bob.py compares every
// number that is given here with the library's: readouts, interchanges and cross-examination, at every steepness.
"use strict";

const aliceAndBob = (() => {
  const INPUTS = [[0, 0], [0, 1], [1, 0], [1, 1]];
  const INPUT_NAMES = ["00", "01", "10", "11"];
  const NEURONS = ["h1.0", "h1.1", "h1.2"];
  const WEIGHTS = [[1, 0], [0, 1], [1, 1]];
  const BIASES = [-0.5, -0.5, -1.5];
  const OUTPUT_WEIGHTS = [1, 1, -2];
  const OUTPUT_BIAS = -0.5;
  // As the library has them: the largest residual of what is exact, the largest whole number of a code, how near the
  // middle a reading is neither value, and how near a state is to one that an input produces.
  const TOLERANCE = 1e-3, LARGEST_WHOLE = 9, MIDDLE = 1e-9, NEGLIGIBLE = 5e-7, HALFWAY = 1e-3, NATURAL_WITHIN = 1e-3;
  // What a swap leaves as it is, beside the other signal of the student whose signals are swapped.
  const HELD = [
    { name: "neither", rows: [] },
    { name: "h1.0", rows: [[1, 0, 0]] },
    { name: "h1.1", rows: [[0, 1, 0]] },
    { name: "h1.2", rows: [[0, 0, 1]] },
  ];
  // What each student says, signals as their values at the four inputs, gates at the patterns 00, 01, 10, 11.
  const CLAIMS = {
    alice: {
      name: "Alice", gateName: "OR", gate: [0, 1, 1, 1],
      signals: [{ name: "AND(A,¬B)", table: [0, 0, 1, 0] }, { name: "AND(¬A,B)", table: [0, 1, 0, 0] }],
    },
    bob: {
      name: "Bob", gateName: "AND", gate: [0, 0, 0, 1],
      signals: [{ name: "NAND(A,B)", table: [1, 1, 1, 0] }, { name: "OR(A,B)", table: [0, 1, 1, 1] }],
    },
  };
  const GATES = {
    "0000": "FALSE", "0001": "AND", "0110": "XOR", "0111": "OR", "1000": "NOR", "1001": "XNOR", "1110": "NAND",
    "1111": "TRUE",
  };

  const other = (who) => (who === "alice" ? "bob" : "alice");
  const dot = (one, two) => one.reduce((sum, value, k) => sum + value * two[k], 0);
  const minus = (one, two) => one.map((value, k) => value - two[k]);
  const length = (one) => Math.sqrt(dot(one, one));
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const column = (rows, k) => rows.map((row) => row[k]);

  // The solution of a square system, by elimination; null where the rows are not independent.
  function solved(rows, wanted) {
    const all = rows.map((row, k) => [...row, wanted[k]]), size = rows.length;
    const largest = Math.max(...rows.flat().map(Math.abs));
    for (let k = 0; k < size; k++) {
      let pivot = k;
      for (let i = k + 1; i < size; i++) if (Math.abs(all[i][k]) > Math.abs(all[pivot][k])) pivot = i;
      if (Math.abs(all[pivot][k]) <= 1e-12 * largest) return null;
      [all[k], all[pivot]] = [all[pivot], all[k]];
      for (let i = k + 1; i < size; i++) {
        const share = all[i][k] / all[k][k];
        for (let j = k; j <= size; j++) all[i][j] -= share * all[k][j];
      }
    }
    const found = new Array(size).fill(0);
    for (let k = size - 1; k >= 0; k--) {
      const rest = all[k].slice(k + 1, size).reduce((sum, value, j) => sum + value * found[k + 1 + j], 0);
      found[k] = (all[k][size] - rest) / all[k][k];
    }
    return found;
  }

  const sigmoid = (steepness, value) => 1 / (1 + Math.exp(-steepness * value));
  const received = (state) => dot(OUTPUT_WEIGHTS, state) + OUTPUT_BIAS;

  // What the network does at the four inputs.
  function network(steepness) {
    const hidden = INPUTS.map((input) => WEIGHTS.map((row, k) => sigmoid(steepness, dot(row, input) + BIASES[k])));
    const outputs = hidden.map((state) => sigmoid(steepness, received(state)));
    return { steepness, hidden, outputs, decisions: outputs.map((value) => Number(value > 0.5)) };
  }

  // How far some numbers are from what is wanted, relative to how much that varies.
  function residual(wanted, found) {
    return length(minus(found, wanted)) / length(wanted.map((value) => value - mean(wanted)));
  }

  // A number with three digits, as the library writes it.
  function digits(value) {
    const rounded = Number(value.toPrecision(3));
    return rounded && Math.abs(rounded) < 1e-4 ? rounded.toExponential().replace(/e-(\d)$/, "e-0$1") : String(rounded);
  }

  function term(value, name) {
    const size = Number(Math.abs(value).toPrecision(12));
    return `${value < 0 ? "−" : "+"} ${!name ? digits(size) : size === 1 ? name : `${digits(size)} ${name}`}`;
  }

  // The combination of neurons that is a signal, as numbers and as it is written.
  function code(hidden, table) {
    const exact = solved(hidden.map((state) => [...state, 1]), table);
    const coefficients = exact.slice(0, 3), constant = exact[3];
    const whole = exact.map(Math.round);
    const small = Math.max(...whole.map(Math.abs)) <= LARGEST_WHOLE;
    const clear = exact.every((value, k) => Math.abs(value - whole[k]) < 0.5 - MIDDLE);
    const read = hidden.map((state) => dot(state, whole.slice(0, 3)) + whole[3]);
    const isWhole = small && clear && residual(table, read) <= TOLERANCE;
    const least = NEGLIGIBLE * Math.max(...coefficients.map(Math.abs));
    const shown = isWhole ? whole : [...coefficients.map((value) => (Math.abs(value) > least ? value : 0)), constant];
    const terms = Math.abs(shown[3]) > NEGLIGIBLE ? [term(shown[3], "")] : [];
    NEURONS.forEach((name, k) => { if (shown[k]) terms.push(term(shown[k], name)); });
    const text = terms.join(" ");
    return {
      coefficients, constant, isWhole, shown: shown.slice(0, 3),
      text: text.startsWith("+") ? text.slice(2) : `−${text.slice(2)}`,
    };
  }

  // How well two signals make up what the output receives, and the gate that the network then applies to them.
  function fit(hidden, tables) {
    const wanted = hidden.map(received), middle = mean(wanted);
    const centered = tables.map((table) => table.map((value) => value - mean(table)));
    const products = centered.map((one) => centered.map((two) => dot(one, two)));
    const weights = solved(products, centered.map((one) => dot(one, wanted.map((value) => value - middle))));
    const constant = middle - dot(weights, tables.map(mean));
    const at = (values) => dot(weights, values) + constant;
    return {
      residual: residual(wanted, INPUTS.map((_, k) => at(column(tables, k)))),
      gate: INPUTS.map((pattern) => Number(at(pattern) > 0)),
    };
  }

  // A student: the signals with their codes, whether they are all that the output receives, and the gate over them.
  function student(net, who) {
    const claim = CLAIMS[who];
    const signals = claim.signals.map((signal) => ({ ...signal, ...code(net.hidden, signal.table) }));
    const fitted = fit(net.hidden, claim.signals.map((signal) => signal.table));
    return {
      who, name: claim.name, gate: claim.gate, gateName: claim.gateName, signals, residual: fitted.residual,
      exact: fitted.residual <= TOLERANCE, found: fitted.gate, foundName: GATES[fitted.gate.join("")],
    };
  }

  // For each signal of a student the least change of the state that raises its code by 1, and changes neither the other
  // code nor what is held; null where there is none.
  function directions(one, held) {
    const rows = [...one.signals.map((signal) => signal.coefficients), ...held.rows];
    const products = rows.map((row) => rows.map((each) => dot(row, each)));
    const unit = (k) => rows.map((_, j) => Number(j === k));
    const shares = [0, 1].map((k) => solved(products, unit(k)));
    if (shares.includes(null)) return null;
    return shares.map((share) => NEURONS.map((_, j) => dot(share, column(rows, j))));
  }

  // The steepness with all that follows from it: the network, both students, and how each swap moves the state.
  function world(steepness) {
    const net = network(steepness);
    const students = { alice: student(net, "alice"), bob: student(net, "bob") };
    const moves = {};
    for (const who of ["alice", "bob"]) moves[who] = HELD.map((held) => directions(students[who], held));
    let apart = 0;
    for (const one of net.hidden) for (const two of net.hidden) apart = Math.max(apart, length(minus(one, two)));
    return { ...net, students, moves, apart };
  }

  // What a student reads a signal at in a state: the value at the input whose state is read most alike.
  function reading(net, signal, state) {
    const natural = net.hidden.map((each) => dot(each, signal.coefficients)), seen = dot(state, signal.coefficients);
    const away = (value) => Math.min(
      ...natural.filter((_, k) => signal.table[k] === value).map((each) => Math.abs(seen - each)));
    const ones = natural.filter((_, k) => signal.table[k]), zeros = natural.filter((_, k) => !signal.table[k]);
    const apart = Math.min(...ones.flatMap((one) => zeros.map((zero) => Math.abs(one - zero))));
    const halfway = Math.abs(away(0) - away(1)) <= 2 * HALFWAY * apart;
    const value = halfway ? signal.table[0] : Number(away(1) < away(0));
    return { seen: seen + signal.constant, value, halfway };
  }

  // One swap: at `base` each signal of `owner` takes its value at its source, or is left alone (-1), while what
  // HELD[held] names stays as it is. Null where there is no such swap.
  function swap(net, owner, held, base, sources) {
    const moved = net.moves[owner][held];
    if (!moved) return null;
    const own = net.students[owner];
    const state = [...net.hidden[base]];
    sources.forEach((source, k) => {
      if (source < 0) return;
      const by = dot(own.signals[k].coefficients, minus(net.hidden[source], net.hidden[base]));
      moved[k].forEach((value, j) => { state[j] += by * value; });
    });
    const readings = {}, predicted = {};
    for (const [who, one] of Object.entries(net.students)) {
      readings[who] = one.signals.map((signal, k) => {
        const there = reading(net, signal, state);
        // Whose signals are swapped knows what they were given.
        return who === owner
          ? { ...there, value: signal.table[sources[k] < 0 ? base : sources[k]], halfway: false } : there;
      });
      predicted[who] = one.gate[2 * readings[who][0].value + readings[who][1].value];
    }
    const sum = received(state), decision = Number(sigmoid(net.steepness, sum) > 0.5);
    const natural = net.hidden.some((each) => length(minus(each, state)) <= NATURAL_WITHIN * net.apart);
    return {
      owner, held, base, sources: [...sources], state, natural, sum, output: sigmoid(net.steepness, sum), decision,
      readings, predicted,
      right: { alice: predicted.alice === decision, bob: predicted.bob === decision },
      moves: sources.filter((source) => source >= 0).length,
    };
  }

  // All 100 swaps of a student's signals, those that move fewest first; null where there are none.
  function swaps(net, owner, held) {
    if (!net.moves[owner][held]) return null;
    const found = [], four = [0, 1, 2, 3];
    const each = (base, one, two) => found.push(swap(net, owner, held, base, [one, two]));
    for (const base of four) each(base, -1, -1);
    for (const base of four) for (const one of four) each(base, one, -1);
    for (const base of four) for (const two of four) each(base, -1, two);
    for (const base of four) for (const one of four) for (const two of four) each(base, one, two);
    return found;
  }

  // How often each student is right about the swaps of one of them, and how many leave the states of the network.
  function tally(net, owner, held) {
    const all = swaps(net, owner, held);
    if (!all) return null;
    const count = (what) => all.filter(what).length;
    return {
      alice: count((one) => one.right.alice), bob: count((one) => one.right.bob), of: all.length,
      unnatural: count((one) => one.moves && !one.natural), moved: count((one) => one.moves),
    };
  }

  // The simplest swap at which a student is wrong and nothing is read halfway; at every steepness there is one. First
  // come those about which the other one is right, then what is left untouched in the order of HELD, then the fewest
  // signals moved, then the other one's swaps.
  function losing(net, who) {
    const order = [];
    for (let held = 0; held < HELD.length; held++) {
      for (const owner of [other(who), who]) {
        for (const one of swaps(net, owner, held) ?? []) {
          const clear = Object.values(one.readings).flat().every((each) => !each.halfway);
          if (clear && one.moves && !one.right[who]) order.push(one);
        }
      }
    }
    const rank = (one) => [Number(!one.right[other(who)]), one.held, one.moves, Number(one.owner === who)];
    const before = (one, two) => {
      const [first, second] = [rank(one), rank(two)];
      const k = first.findIndex((value, j) => value !== second[j]);
      return k < 0 ? 0 : first[k] - second[k];
    };
    return order.sort(before)[0];
  }

  return {
    INPUTS, INPUT_NAMES, NEURONS, WEIGHTS, BIASES, OUTPUT_WEIGHTS, OUTPUT_BIAS, TOLERANCE, HELD,
    other, world, swap, swaps, tally, losing,
  };
})();

/**
 * Parses and checks every debug sequence of the real packs and package descriptions; with `TAPIR_PACKS=DIRECTORY`
 * those of another folder, whose mistakes are printed and fail nothing.
 */
import { assert, assertEquals } from "@std/assert";
import { resolve } from "@std/path";
import { TapirError } from "../lib/base/errors.ts";
import { VirtualClock } from "../lib/base/clock.ts";
import { systemFiles } from "../lib/pack/files.ts";
import type { PdscDevice, PdscSequence } from "../lib/pack/pdsc_types.ts";
import { packVariables, sequenceSources } from "../lib/pack/sequences.ts";
import { openPack } from "../lib/pack/source.ts";
import { SequenceEngine } from "../lib/sequence/engine.ts";
import { STANDARD_SEQUENCES } from "../lib/sequence/standard.ts";
import { debugVariables } from "../lib/sequence/variables.ts";
import { Notebook } from "./support/sequence_notebook.ts";

const OTHER = Deno.env.get("TAPIR_PACKS");
const isOther = OTHER !== undefined;
const DATA = isOther
  ? `${resolve(OTHER)}/`
  : decodeURIComponent(new URL("../../shared/data/", import.meta.url).pathname);
const present = await systemFiles.stat(DATA) !== undefined;

/** Mistakes of the packs themselves: file, then what the checker says about it. */
const KNOWN_MISTAKES: readonly (readonly [file: string, problem: string])[] = [
  ["ARM.RteTest_DFP.pdsc", "sequence CheckID: Unknown variable DP_CTRL_STAT at line 90, column 9"],
  // Devices of sub-families whose processors have no helper of this name.
  [
    "AlifSemiconductor.Ensemble.pdsc",
    'sequence ResetSystem: Unknown sequence "DisableWarmResetHandshake" at line 164, column 13',
  ],
  // A sub-family without the debug variable.
  [
    "Keil.STM32L4xx_DFP.2.5.0.pdsc",
    "sequence DebugPortStop: Unknown variable DoOptionByteLoading at line 560, column 20",
  ],
];

async function* filesBelow(directory: string): AsyncGenerator<string> {
  const items = [...await systemFiles.list(directory)].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isDirectory } of items) {
    if (isDirectory) yield* filesBelow(`${directory}/${name}`);
    else if (/\.(pack|pdsc)$/i.test(name)) yield `${directory}/${name}`;
  }
}

interface Tally {
  sequences: number;
  blocks: number;
  controls: number;
  problems: Set<string>;
}

function countNodes(nodes: PdscSequence["nodes"], tally: Tally): void {
  for (const node of nodes) {
    if (node.kind === "block") tally.blocks++;
    else {
      tally.controls++;
      countNodes(node.nodes, tally);
    }
  }
}

/** Devices of a pack, one for each set of sequences and variables. */
function* differentDevices(devices: Iterable<PdscDevice>): Generator<PdscDevice> {
  const seen = new Set<string>();
  for (const device of devices) {
    const key = JSON.stringify([device.sequences.map((s) => [s.name, s.pname, s.line]), device.debugVars?.line]);
    if ((device.sequences.length === 0 && device.debugVars === undefined) || seen.has(key)) continue;
    seen.add(key);
    yield device;
  }
}

/** Devices with their own sequences of the pack at `path`; none when it cannot be opened, which is tested elsewhere. */
async function devicesOf(path: string): Promise<PdscDevice[]> {
  try {
    const pack = await openPack(path, systemFiles);
    const usable = pack.pdsc.devices.filter((entry) => entry.isSupported);
    const devices = [...differentDevices(usable.map(({ name }) => pack.pdsc.device(name)))];
    pack.close();
    return devices;
  } catch (error) {
    if (error instanceof TapirError) return [];
    throw error;
  }
}

function checkDevices(devices: readonly PdscDevice[]): Tally {
  const tally: Tally = { sequences: 0, blocks: 0, controls: 0, problems: new Set() };
  const counted = new Set<string>();
  for (const device of devices) {
    const variables = packVariables(device, "pdsc");
    try {
      debugVariables(variables);
    } catch (error) {
      if (!(error instanceof TapirError)) throw error;
      tally.problems.add(error.message);
      continue;
    }
    const engine = new SequenceEngine({
      sequences: sequenceSources(device.sequences),
      variables,
      host: new Notebook(),
    });
    for (const problem of engine.check()) tally.problems.add(problem);
    for (const sequence of device.sequences) {
      const id = `${sequence.name}:${sequence.line}`;
      if (counted.has(id)) continue;
      counted.add(id);
      tally.sequences++;
      countNodes(sequence.nodes, tally);
    }
  }
  return tally;
}

/** Time that flies, so that loops which wait for a chip end soon. */
class HastyClock extends VirtualClock {
  override sleep(ms: number): Promise<void> {
    return super.sleep(Math.max(ms, 200));
  }
}

/** A chip that answers the same to everything. */
class Monotone extends Notebook {
  override readonly clock = new HastyClock();
  override native = STANDARD_SEQUENCES.map((sequence) => sequence.name);
  constructor(readonly answer: bigint) {
    super();
  }
  override readMemory(): Promise<bigint> {
    return Promise.resolve(this.answer);
  }
  override readAp(): Promise<bigint> {
    return Promise.resolve(this.answer);
  }
  override readDp(): Promise<bigint> {
    return Promise.resolve(this.answer);
  }
}

const PREDEFINED = {
  __protocol: 0x10002n,
  __connection: 0x201n,
  __traceout: 3n,
  __FlashOp: 2n,
  __FlashAddr: 0n,
  __FlashLen: 64n,
  __FlashArg: 0n,
};

/** Runs every sequence of a device for every processor it is for; what went wrong, and how many ran. */
async function runAll(device: PdscDevice, answer: bigint): Promise<{ ran: number; errors: TapirError[] }> {
  const engine = new SequenceEngine({
    sequences: sequenceSources(device.sequences),
    variables: packVariables(device, "pdsc"),
    host: new Monotone(answer),
    predefined: () => PREDEFINED,
  });
  let ran = 0;
  const errors: TapirError[] = [];
  for (const { name, pname } of device.sequences) {
    for (const each of pname === undefined ? device.processors.map((processor) => processor.pname) : [pname]) {
      try {
        if ((await engine.run(name, each)).ran) ran++;
      } catch (error) {
        if (!(error instanceof TapirError)) throw error;
        errors.push(error);
      }
    }
  }
  return { ran, errors };
}

Deno.test({
  name: `every debug sequence of the real packs parses and passes the checker${
    present ? "" : " (ignored: ../shared/data is absent)"
  }`,
  ignore: !present,
  fn: async () => {
    const total = { packs: 0, sequences: 0, blocks: 0, controls: 0 };
    const found: [string, string][] = [];
    for await (const path of filesBelow(DATA.replace(/\/$/, ""))) {
      const file = path.slice(DATA.length);
      const tally = checkDevices(await devicesOf(path));
      if (tally.sequences === 0) continue;
      total.packs++;
      for (const key of ["sequences", "blocks", "controls"] as const) total[key] += tally[key];
      for (const problem of tally.problems) found.push([file.replace(/^.*\//, ""), problem]);
    }
    console.log("sequences:", total);
    for (const [file, problem] of found) console.log(`${file}: ${problem}`);
    if (isOther) return;
    assertEquals<unknown>(found, KNOWN_MISTAKES);
    assert(total.sequences > 500 && total.blocks > 2000, JSON.stringify(total));
  },
});

Deno.test({
  name: `every debug sequence of the real packs runs to its end, or ends with the pack's own words${
    present ? "" : " (ignored: ../shared/data is absent)"
  }`,
  ignore: !present,
  fn: async () => {
    let ran = 0;
    for await (const path of filesBelow(DATA.replace(/\/$/, ""))) {
      for (const device of await devicesOf(path)) {
        for (const answer of [0n, 0xffff_ffffn]) {
          const outcome = await runAll(device, answer);
          ran += outcome.ran;
          for (const error of outcome.errors) {
            if (isOther) {
              console.log(`${path}: ${error.message}`);
              continue;
            }
            const cause = error.cause instanceof TapirError ? error.cause.code : error.code;
            assert(["sequence-message", "sequence-invalid"].includes(cause), `${path}: ${error.message}`);
          }
        }
      }
    }
    assert(isOther || ran > 4000, `${ran} ran`);
  },
});

/**
 * Parses and checks every debug sequence of the real packs and package descriptions.
 */
import { assert, assertEquals } from "@std/assert";
import { TapirError } from "../lib/base/errors.ts";
import { systemFiles } from "../lib/pack/files.ts";
import type { PdscSequence } from "../lib/pack/pdsc_types.ts";
import { packVariables, sequenceSources } from "../lib/pack/sequences.ts";
import { openPack } from "../lib/pack/source.ts";
import { SequenceEngine } from "../lib/sequence/engine.ts";
import { debugVariables } from "../lib/sequence/variables.ts";
import { Notebook } from "./support/sequence_notebook.ts";

const DATA = new URL("../../shared/data/", import.meta.url).pathname;
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

async function checkPack(path: string): Promise<Tally> {
  const pack = await openPack(path, systemFiles);
  const tally: Tally = { sequences: 0, blocks: 0, controls: 0, problems: new Set() };
  const seen = new Set<string>();
  const counted = new Set<string>();
  for (const { name, isSupported } of pack.pdsc.devices) {
    if (!isSupported) continue;
    const device = pack.pdsc.device(name);
    const key = JSON.stringify([device.sequences.map((s) => [s.name, s.pname, s.line]), device.debugVars?.line]);
    if (device.sequences.length === 0 && device.debugVars === undefined || seen.has(key)) continue;
    seen.add(key);
    const variables = packVariables(device, pack.pdsc.name);
    debugVariables(variables);
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
  pack.close();
  return tally;
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
      let tally: Tally;
      try {
        tally = await checkPack(path);
      } catch (error) {
        // Packs that cannot be opened are the business of the report over all packs.
        if (error instanceof TapirError && error.code !== "debug-variables") continue;
        throw error;
      }
      if (tally.sequences === 0) continue;
      total.packs++;
      for (const key of ["sequences", "blocks", "controls"] as const) total[key] += tally[key];
      for (const problem of tally.problems) found.push([file.replace(/^.*\//, ""), problem]);
    }
    console.log("sequences:", total);
    for (const [file, problem] of found) console.log(`${file}: ${problem}`);
    assertEquals<unknown>(found, KNOWN_MISTAKES);
    assert(total.sequences > 500 && total.blocks > 2000, JSON.stringify(total));
  },
});

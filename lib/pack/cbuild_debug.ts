/**
 * Debug topology and debug sequences of cbuild-run files, in the form that package descriptions have.
 *
 * @module
 */
import type { YamlNode } from "./cbuild_node.ts";
import type {
  PdscAccessPort,
  PdscDataPatch,
  PdscDebug,
  PdscDebugPort,
  PdscSequence,
  PdscSequenceNode,
} from "./pdsc_types.ts";

const MAX_DEPTH = 32;

/** How processors are reached. */
export interface CbuildTopology {
  /** Debug ports. */
  readonly debugPorts: readonly PdscDebugPort[];
  /** Access ports. */
  readonly accessPorts: readonly PdscAccessPort[];
  /** One entry per processor that the topology names. */
  readonly debugs: readonly PdscDebug[];
}

/** Reads `debug-topology`; `svdOf` knows the SVD file of a processor. */
export function readTopology(
  topology: YamlNode,
  svdOf: (pname: string | undefined) => string | undefined,
): CbuildTopology {
  const debugPorts: PdscDebugPort[] = [];
  const accessPorts: PdscAccessPort[] = [];
  const patches = new Map<number, PdscDataPatch[]>();
  const walk = (parent: YamlNode, dp: number, above: number | undefined, depth: number): void => {
    for (const node of parent.nodes("accessports")) {
      const id = node.number("apid");
      const index = node.number("index");
      const address = node.number("address");
      const select = address ?? index;
      if (id === undefined || select === undefined || depth > MAX_DEPTH) {
        node.problem("an access port needs an apid, and an index or an address; left out");
        continue;
      }
      const [hprot, sprot] = [node.number("HPROT"), node.number("SPROT")];
      accessPorts.push({
        id,
        version: address === undefined ? 1 : 2,
        dp,
        select,
        ...(above === undefined ? {} : { parent: above }),
        ...(hprot === undefined ? {} : { hprot }),
        ...(sprot === undefined ? {} : { sprot }),
      });
      patches.set(id, node.nodes("datapatch").flatMap((patch) => readPatch(patch, dp, id) ?? []));
      walk(node, dp, id, depth + 1);
    }
  };
  for (const node of topology.nodes("debugports")) {
    const id = node.number("dpid") ?? 0;
    debugPorts.push(readDebugPort(node, id));
    walk(node, id, undefined, 0);
  }
  const debugs = topology.nodes("processors").flatMap((node): PdscDebug[] => {
    const pname = node.text("pname");
    const apid = node.number("apid");
    const port = accessPorts.find((each) => each.id === apid);
    const reset = node.text("reset-sequence");
    const svd = svdOf(pname);
    const entry = {
      dp: port?.dp ?? 0,
      dataPatches: apid === undefined ? [] : patches.get(apid) ?? [],
      ...(pname === undefined ? {} : { pname }),
      ...(apid === undefined ? {} : { apid }),
      ...(svd === undefined ? {} : { svd }),
      ...(reset === undefined ? {} : { defaultResetSequence: reset }),
    };
    const units = node.nodes("punits");
    if (units.length === 0) return [{ ...entry, ...addressOf(node) }];
    return units.map((unit) => {
      const number = unit.number("punit");
      return { ...entry, ...addressOf(unit), ...(number === undefined ? {} : { unit: number }) };
    });
  });
  return { debugPorts, accessPorts, debugs };
}

function addressOf(node: YamlNode): { address?: number } {
  const address = node.number("address");
  return address === undefined ? {} : { address };
}

function readDebugPort(node: YamlNode, id: number): PdscDebugPort {
  const [jtag, swd] = [node.node("jtag"), node.node("swd")];
  const tap = (): { tapIndex: number; idcode?: number; irLength?: number } => {
    const [idcode, irLength] = [jtag.number("idcode"), jtag.number("irlen")];
    return {
      tapIndex: jtag.number("tapindex") ?? 0,
      ...(idcode === undefined ? {} : { idcode }),
      ...(irLength === undefined ? {} : { irLength }),
    };
  };
  const [idcode, targetsel] = [swd.number("idcode"), swd.number("targetsel")];
  const wire = { ...(idcode === undefined ? {} : { idcode }), ...(targetsel === undefined ? {} : { targetsel }) };
  return { id, ...(node.has("jtag") ? { jtag: tap() } : {}), ...(node.has("swd") ? { swd: wire } : {}) };
}

function readPatch(node: YamlNode, dp: number, apid: number): PdscDataPatch | undefined {
  const address = node.number("address");
  const value = node.big("value");
  if (address === undefined || value === undefined) {
    return node.problem("a data patch needs address and value; left out");
  }
  const info = node.text("info");
  const type = node.choice("type", ["ap", "mem"]) === "ap" ? "AP" : "Mem";
  const mask = node.big("mask");
  return {
    type,
    address,
    value,
    dp,
    apid,
    ...(mask === undefined ? {} : { mask }),
    ...(info === undefined ? {} : { info }),
  };
}

/** Finds the line of a piece of code in the text of the file, each time further down. */
export type LineFinder = (code: string) => number;

/** Reads `debug-sequences`. A sequence without blocks switches the one of its name off. */
export function readCbuildSequences(root: YamlNode, lineOf: LineFinder): PdscSequence[] {
  return root.nodes("debug-sequences").flatMap((node): PdscSequence[] => {
    const name = node.text("name");
    if (name === undefined) {
      node.problem("a sequence needs a name; left out");
      return [];
    }
    const [info, pname] = [node.text("info"), node.text("pname")];
    return [{
      name,
      isDisabled: !node.has("blocks"),
      line: lineOf(`name: ${name}`),
      nodes: readBlocks(node, lineOf, 1),
      ...(pname === undefined ? {} : { pname }),
      ...(info === undefined ? {} : { info }),
    }];
  });
}

function readBlocks(parent: YamlNode, lineOf: LineFinder, depth: number): PdscSequenceNode[] {
  const out: PdscSequenceNode[] = [];
  for (const node of parent.nodes("blocks")) {
    if (depth > MAX_DEPTH) {
      node.problem(`blocks are nested more than ${MAX_DEPTH} deep; left out`);
      continue;
    }
    const info = node.text("info");
    const about = info === undefined ? {} : { info };
    const [condition, loop] = [node.text("if") ?? boolText(node, "if"), node.text("while") ?? boolText(node, "while")];
    const isControl = condition !== undefined || loop !== undefined || node.has("blocks");
    const line = isControl ? lineOf(condition ?? loop ?? info ?? "blocks:") : 0;
    const code = node.text("execute");
    const isAtomic = node.has("atomic") && node.raw("atomic") !== false;
    const block: PdscSequenceNode[] = code === undefined
      ? []
      : [{ kind: "block", code, line: lineOf(code), atomic: isAtomic, ...(isControl ? {} : about) }];
    if (!isControl) out.push(...block);
    else {
      out.push({
        kind: "control",
        ...(condition === undefined ? {} : { if: condition }),
        ...(loop === undefined ? {} : { while: loop }),
        timeoutUs: node.number("timeout") ?? 0,
        line,
        nodes: [...block, ...readBlocks(node, lineOf, depth + 1)],
        ...about,
      });
    }
  }
  return out;
}

/** Conditions such as `true` are read as truth values; the language of sequences has numbers. */
function boolText(node: YamlNode, key: string): string | undefined {
  const value = node.raw(key);
  return typeof value === "boolean" ? (value ? "1" : "0") : undefined;
}

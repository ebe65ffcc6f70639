/**
 * Debug sequences of a pack in the form the sequence engine takes.
 *
 * @module
 */
import type { SequenceNode, SequenceSource } from "../sequence/ast.ts";
import type { VariableSource } from "../sequence/variables.ts";
import type { DebugTopology } from "../target/sequence_topology.ts";
import type { PdscDevice, PdscSequence, PdscSequenceNode } from "./pdsc_types.ts";

/**
 * The sequences of a device, code still as text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sequenceSources } from "./sequences.ts";
 *
 * const [source] = sequenceSources([{ name: "DebugCoreStart", isDisabled: false, line: 7, nodes: [] }]);
 * assertEquals(source, { name: "DebugCoreStart", line: 7, children: [] });
 * ```
 */
export function sequenceSources(sequences: readonly PdscSequence[]): SequenceSource[] {
  return sequences.map(({ name, pname, info, isDisabled, line, nodes }) => ({
    name,
    line,
    children: nodes.map(sequenceNode),
    ...(pname === undefined ? {} : { pname }),
    ...(info === undefined ? {} : { info }),
    ...(isDisabled ? { disabled: true } : {}),
  }));
}

function sequenceNode(node: PdscSequenceNode): SequenceNode {
  const info = node.info === undefined ? {} : { info: node.info };
  if (node.kind === "block") {
    return { kind: "block", code: { text: node.code, line: node.line }, atomic: node.atomic, ...info };
  }
  const { line } = node;
  return {
    kind: "control",
    line,
    timeoutUs: node.timeoutUs,
    children: node.nodes.map(sequenceNode),
    ...(node.if === undefined ? {} : { if: { text: node.if, line } }),
    ...(node.while === undefined ? {} : { while: { text: node.while, line } }),
    ...info,
  };
}

/** The text of a device's debugvars element, if it has one; `file` is the description's name. */
export function packVariables(device: Pick<PdscDevice, "debugVars">, file: string): VariableSource[] {
  const { debugVars } = device;
  return debugVars === undefined ? [] : [{ name: file, text: debugVars.code, line: debugVars.line }];
}

/** Debug ports, access ports and processors of a device, as its sequences name them. */
export function debugTopology(device: PdscDevice): DebugTopology {
  const { debugs, debugPorts, accessPorts, processors } = device;
  return {
    debugPorts: debugPorts.map(({ id, swd }) => ({
      id,
      ...(swd?.targetsel === undefined ? {} : { targetSel: swd.targetsel }),
    })),
    accessPorts: accessPorts.map(({ id, dp, version, select, parent }) => ({
      id,
      dp,
      address: version === 1 ? { apsel: select } : { base: select },
      ...(parent === undefined ? {} : { parent }),
    })),
    processors: processors.map(({ pname, core }) => {
      const debug = debugs.find((each) => each.pname === pname) ?? debugs.find((each) => each.pname === undefined);
      return {
        name: pname ?? core,
        dp: debug?.dp ?? 0,
        ap: debug?.ap ?? 0,
        apid: debug?.apid ?? accessPorts[0]?.id ?? 0,
        ...(pname === undefined ? {} : { pname }),
        ...(debug?.defaultResetSequence === undefined ? {} : { defaultReset: debug.defaultResetSequence }),
      };
    }),
  };
}

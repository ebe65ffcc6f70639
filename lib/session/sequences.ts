/**
 * Debug sequences of a session: from the pack, with the options of the session.
 *
 * @module
 */
import { PackError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { ElfFile } from "../format/elf.ts";
import { parseFlm } from "../pack/flm.ts";
import { debugTopology, packVariables, sequenceSources } from "../pack/sequences.ts";
import type { PdscDevice } from "../pack/pdsc_types.ts";
import type { Pack } from "../pack/source.ts";
import { debugVariables, type VariableSource } from "../sequence/variables.ts";
import type { TargetDescription } from "../target/description.ts";
import { PackSequences } from "../target/sequence_layer.ts";
import { readUserFile } from "./files.ts";
import type { Options } from "./options.ts";
import { sequenceIo, type SequenceIoOptions } from "./sequences_io.ts";
import { resolvePath } from "./settings.ts";

const log = getLogger("session", "sequence");
const traceLog = getLogger("sequence", "trace");

/** Debug sequences, and what follows from changes of options. */
export interface SessionSequences {
  /** The sequences; their layer belongs below user scripts and above families. */
  readonly sequences: PackSequences;
  /** TARGETSEL value that the description gives for the primary processor's debug port. */
  readonly targetSel: number | undefined;
  /** Executables whose symbols sequences asked for (LoadDebugInfo), by path in the pack. */
  readonly debugInfo: ReadonlyMap<string, ElfFile>;
  /** Takes over what the options say about debug variables. @throws {PackError} */
  refresh(): void;
}

/** What {@linkcode openSequences} works with. */
export interface SequencesRequest {
  /** The chip, as its pack describes it. */
  readonly description: TargetDescription;
  /** Its pack. */
  readonly pack: Pack;
  /** Options of the session. */
  readonly options: Options;
  /** Directory that relative paths start from. */
  readonly projectDir: string;
  /** Asks the user for a line. */
  readonly ask?: SequenceIoOptions["ask"];
}

/**
 * The debug sequences of a chip.
 *
 * @throws {PackError} when the option or the user's file with debug variables cannot be read
 * @throws {UsageError} when that file does not exist
 */
export async function openSequences(request: SequencesRequest): Promise<SessionSequences> {
  const { description, pack, options, projectDir, ask } = request;
  const device = pack.pdsc.device(description.name);
  const topology = debugTopology(device);
  const fixed = await variableSources(pack, device, options, projectDir);
  const fromOption = (): VariableSource[] => {
    const text = options.get("pack.debug_sequences.debugvars");
    return text === undefined ? [] : [{ name: "pack.debug_sequences.debugvars", text, line: 1 }];
  };
  const debugInfo = new Map<string, ElfFile>();
  let present = options.get("pack.debug_sequences.debugvars");
  const sequences = new PackSequences({
    sequences: sequenceSources(device.sequences),
    topology,
    variables: [...fixed, ...fromOption()],
    file: descriptionFile(pack),
    enabled: () => options.get("pack.debug_sequences.enable"),
    disabled: () => options.get("pack.debug_sequences.disabled_sequences") ?? [],
    forFlash: () => options.get("pack.debug_sequences.flash_connection"),
    traceOut: () => options.get("enable_swv") ? 1 : 0,
    traceClocks: () =>
      options.get("enable_swv")
        ? { input: options.get("swv_system_clock") ?? 0, output: options.get("swv_clock") }
        : { input: 0, output: 0 },
    io: sequenceIo({
      places: { projectDir, packDir: pack.location.replace(/[^\\/]*\.pdsc$/i, ""), device: description.name },
      allowed: () => options.get("pack.debug_sequences.allow_applications"),
      readPackFile: (path) => pack.read(path),
      onDebugInfo: async (path, bytes) => void debugInfo.set(path, new ElfFile(bytes, path)),
      ...(ask ? { ask } : {}),
    }),
    loadAlgorithm: async (path) => parseFlm(await pack.read(path.replaceAll("\\", "/")), path),
    trace: ({ sequence, pname, at, call, result }) => {
      if (!options.get("pack.debug_sequences.trace")) return;
      const value = /^(Read|DAP_SWJ_Pins|DAP_JTAG|Query|Buffer)/.test(call) ? ` = 0x${result.toString(16)}` : "";
      traceLog.info(`${descriptionFile(pack)}:${at.line}: ${sequence}${pname ? `:${pname}` : ""}: ${call}${value}`);
    },
  });
  const home = topology.processors[options.get("primary_core")]?.dp ?? topology.processors[0]?.dp ?? 0;
  return {
    sequences,
    debugInfo,
    targetSel: topology.debugPorts.length > 1
      ? topology.debugPorts.find((port) => port.id === home)?.targetSel
      : undefined,
    refresh: () => {
      const text = options.get("pack.debug_sequences.debugvars");
      if (text === present) return;
      sequences.setVariables([...fixed, ...fromOption()]);
      present = text;
    },
  };
}

/** The pack's variables, its template of a .dbgconf file, and the user's own file. */
async function variableSources(
  pack: Pack,
  device: PdscDevice,
  options: Options,
  projectDir: string,
): Promise<VariableSource[]> {
  const sources = readablePackVariables(pack, device);
  const template = device.debugVars?.configFile;
  if (template !== undefined) {
    try {
      const source = { name: template, text: new TextDecoder().decode(await pack.read(template)), line: 1 };
      debugVariables([...sources, source]);
      sources.push(source);
    } catch (error) {
      if (!(error instanceof PackError)) throw error;
      log.debug(() => `The pack's template of debug variables is left out: ${error.message}`);
    }
  }
  const own = options.get("pack.debug_sequences.dbgconf");
  if (own !== undefined) {
    const path = resolvePath(projectDir, own);
    sources.push({ name: path, text: new TextDecoder().decode(await readUserFile(path)), line: 1 });
  }
  return sources;
}

/** The variables of the description; a mistake there costs the sequences that use them, not the whole chip. */
function readablePackVariables(pack: Pack, device: PdscDevice): VariableSource[] {
  const sources = packVariables(device, descriptionFile(pack));
  try {
    debugVariables(sources);
    return sources;
  } catch (error) {
    if (!(error instanceof PackError)) throw error;
    log.warning(`${error.message}; the pack's debug variables are left out`);
    return [];
  }
}

/** Name of the file that describes the pack, for messages. */
function descriptionFile({ pdsc: { vendor, name } }: Pack): string {
  return `${vendor}.${name}.pdsc`;
}

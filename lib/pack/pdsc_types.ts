/**
 * What a package description (.pdsc) says about devices, as plain data with inheritance resolved.
 * Follows the Open-CMSIS-Pack specification, /package/devices and /package/boards.
 *
 * @module
 */
import type { PackProblem } from "./attributes.ts";

/** A memory element. */
export interface PdscMemory {
  /** `name`, or the older `id` such as IROM1. */
  readonly name: string;
  /** Letters of `access`; of the older form, those its id implies. */
  readonly access: string;
  /** First byte address. */
  readonly start: number;
  /** Bytes. */
  readonly size: number;
  /** General-purpose memory. */
  readonly isDefault: boolean;
  /** Where the start-up code goes. */
  readonly isStartup: boolean;
  /** Outside the chip. */
  readonly isExternal: boolean;
  /** Memory this one mirrors. */
  readonly alias?: string;
  /** Only this processor sees it. */
  readonly pname?: string;
  /** Line in the description. */
  readonly line: number;
}

/** An algorithm element. */
export interface PdscAlgorithm {
  /** Path of the file, relative to the description. */
  readonly name: string;
  /** First flash address, in bytes. */
  readonly start: number;
  /** Bytes. */
  readonly size: number;
  /** Whether projects get it by themselves. */
  readonly isDefault: boolean;
  /** `Keil` and `CMSIS` algorithms are the kind Tapir runs; `IAR` ones are not. */
  readonly style: string;
  /** Processor it runs on. */
  readonly pname?: string;
  /** RAM it runs in. */
  readonly ram?: { readonly start: number; readonly size: number };
  /** Line in the description. */
  readonly line: number;
}

/** Blocks of a flashinfo element. */
export interface PdscFlashBlock {
  /** First byte address. */
  readonly start: number;
  /** Bytes of one block. */
  readonly size: number;
  /** Number of blocks. */
  readonly count: number;
  /** Value of `__FlashArg`. */
  readonly arg: bigint;
}

/** A flashinfo element: flash that debug sequences erase and program. */
export interface PdscFlashInfo {
  /** Name people recognise. */
  readonly name: string;
  /** First byte address. */
  readonly start: number;
  /** Bytes from `start` to the end of the last block. */
  readonly size: number;
  /** Bytes programmed at a time. */
  readonly pageSize: number;
  /** 64-bit value of erased memory. */
  readonly blankValue: bigint;
  /** 64-bit value that fills up a page. */
  readonly filler: bigint;
  /** Limit for a page in milliseconds. */
  readonly programTimeoutMs: number;
  /** Limit for a block in milliseconds. */
  readonly eraseTimeoutMs: number;
  /** Processor that does it. */
  readonly pname?: string;
  /** Blocks in address order; gaps left out. */
  readonly blocks: readonly PdscFlashBlock[];
  /** Line in the description. */
  readonly line: number;
}

/** A processor of a device. */
export interface PdscProcessor {
  /** Pname, when the device has several. */
  readonly pname?: string;
  /** Dcore, such as `Cortex-M4`. */
  readonly core: string;
  /** Punits: identical cores behind this name. */
  readonly units: number;
  /** All attributes, such as Dfpu and Dclock. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A datapatch element: a value to report instead of what is read. */
export interface PdscDataPatch {
  /** Whether it patches memory or a register of the access port. */
  readonly type: "AP" | "Mem";
  /** Address, or register of the access port, in bytes. */
  readonly address: number;
  /** What reads return. */
  readonly value: bigint;
  /** Bits that are replaced; all unless told. */
  readonly mask?: bigint;
  /** Debug port id. */
  readonly dp?: number;
  /** Access port index. */
  readonly ap?: number;
  /** Access port id. */
  readonly apid?: number;
  /** What for. */
  readonly info?: string;
}

/** A debug element: how a debugger reaches one processor, or all. */
export interface PdscDebug {
  /** Processor, when not all. */
  readonly pname?: string;
  /** Unit of a multi-core processor. */
  readonly unit?: number;
  /** Debug port id; 0 unless told. */
  readonly dp: number;
  /** Access port index of ADIv5, when told. */
  readonly ap?: number;
  /** Access port id, when told. */
  readonly apid?: number;
  /** Base address of the processor's debug block. */
  readonly address?: number;
  /** Path of the SVD file. */
  readonly svd?: string;
  /** Name of the sequence that resets by default. */
  readonly defaultResetSequence?: string;
  /** Values to report instead of what is read. */
  readonly dataPatches: readonly PdscDataPatch[];
}

/** A JTAG interface of a debug port. */
export interface PdscTap {
  /** Position in the chip's own scan chain. */
  readonly tapIndex: number;
  /** IDCODE to assume. */
  readonly idcode?: number;
  /** Bits of the instruction register. */
  readonly irLength?: number;
}

/** A debugport element. */
export interface PdscDebugPort {
  /** `__dp`. */
  readonly id: number;
  /** JTAG interface. */
  readonly jtag?: PdscTap;
  /** cJTAG interface. */
  readonly cjtag?: PdscTap;
  /** SWD interface; `targetsel` selects the port on a shared bus. */
  readonly swd?: { readonly idcode?: number; readonly targetsel?: number };
}

/** An accessportV1 (`index`) or accessportV2 (`address`) element. */
export interface PdscAccessPort {
  /** `__apid`. */
  readonly id: number;
  /** 1 for ADIv5, 2 for ADIv6. */
  readonly version: 1 | 2;
  /** Debug port id. */
  readonly dp: number;
  /** APSEL of ADIv5, or address in the parent's space of ADIv6. */
  readonly select: number;
  /** `__apid` of the access port it hangs from. */
  readonly parent?: number;
  /** HPROT bits. */
  readonly hprot?: number;
  /** Secure protection bit. */
  readonly sprot?: number;
}

/** The debugconfig element. */
export interface PdscDebugConfig {
  /** Protocol to use by default. */
  readonly protocol: "swd" | "jtag" | "cjtag";
  /** Clock in hertz, when told. */
  readonly clock?: number;
  /** Whether the port switches between SWD and JTAG. */
  readonly swj: boolean;
  /** Whether switching goes through the dormant state. */
  readonly dormant: boolean;
  /** Path of the system description file. */
  readonly sdf?: string;
}

/** The debugvars element. */
export interface PdscDebugVars {
  /** `__var` statements. */
  readonly code: string;
  /** Line `code` begins on. */
  readonly line: number;
  /** Path of the .dbgconf file. */
  readonly configFile?: string;
  /** Version of that file. */
  readonly version?: string;
}

/** A block of statements. */
export interface PdscBlock {
  /** Tells it from a control. */
  readonly kind: "block";
  /** Statements, entities decoded, comments of XML left out. */
  readonly code: string;
  /** Line `code` begins on. */
  readonly line: number;
  /** Whether the probe has to run it in one go. */
  readonly atomic: boolean;
  /** What it is for. */
  readonly info?: string;
}

/** A condition or a loop. */
export interface PdscControl {
  /** Tells it from a block. */
  readonly kind: "control";
  /** Condition to enter. */
  readonly if?: string;
  /** Condition to repeat. */
  readonly while?: string;
  /** Limit of the loop in microseconds; 0 for none. */
  readonly timeoutUs: number;
  /** Line of the element. */
  readonly line: number;
  /** What it is for. */
  readonly info?: string;
  /** What is inside, in order. */
  readonly nodes: readonly PdscSequenceNode[];
}

/** An element inside a sequence. */
export type PdscSequenceNode = PdscBlock | PdscControl;

/** A debug sequence as written; its code is not parsed here. */
export interface PdscSequence {
  /** Sequence name. */
  readonly name: string;
  /** Processor it is for, when not all. */
  readonly pname?: string;
  /** Whether it switches the sequence of this name off. */
  readonly isDisabled: boolean;
  /** What it is for. */
  readonly info?: string;
  /** Line of the element. */
  readonly line: number;
  /** What is inside, in order. */
  readonly nodes: readonly PdscSequenceNode[];
}

/** A trace element: kind of trace with its attributes, such as `serialwire`. */
export interface PdscTrace {
  /** Processor it is for. */
  readonly pname?: string;
  /** Tag name of the kind. */
  readonly kind: string;
  /** Attributes of the kind. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A device, or a variant of one, with all it inherits. */
export interface PdscDevice {
  /** Dvariant, or Dname of a device without variants. */
  readonly name: string;
  /** Dname. */
  readonly deviceName: string;
  /** Vendor name without the number. */
  readonly vendor: string;
  /** Dfamily. */
  readonly family: string;
  /** DsubFamily. */
  readonly subFamily?: string;
  /** Cortex-M processors; others are left out. */
  readonly processors: readonly PdscProcessor[];
  /** Memories, outer levels first. */
  readonly memories: readonly PdscMemory[];
  /** Algorithms of every style, outer levels first. */
  readonly algorithms: readonly PdscAlgorithm[];
  /** Flash programmed by sequences. */
  readonly flashInfos: readonly PdscFlashInfo[];
  /** Debug elements. */
  readonly debugs: readonly PdscDebug[];
  /** Debug ports. */
  readonly debugPorts: readonly PdscDebugPort[];
  /** Access ports. */
  readonly accessPorts: readonly PdscAccessPort[];
  /** Connection defaults. */
  readonly debugConfig?: PdscDebugConfig;
  /** Variables for sequences. */
  readonly debugVars?: PdscDebugVars;
  /** Whether sequences set all of trace up (`traceSetup="full"`). */
  readonly hasFullTraceSetup: boolean;
  /** Debug sequences, inner ones in place of outer ones. */
  readonly sequences: readonly PdscSequence[];
  /** Trace capabilities. */
  readonly traces: readonly PdscTrace[];
}

/** A device as named in a board or in the list of a pack. */
export interface PdscDeviceEntry {
  /** Dvariant, or Dname of a device without variants. */
  readonly name: string;
  /** Dname. */
  readonly deviceName: string;
  /** Vendor name without the number. */
  readonly vendor: string;
  /** Dfamily. */
  readonly family: string;
  /** DsubFamily. */
  readonly subFamily?: string;
  /** Dcore of each processor, as written. */
  readonly cores: readonly string[];
  /** Whether any of them is a Cortex-M that Tapir can debug. */
  readonly isSupported: boolean;
  /** Line in the description. */
  readonly line: number;
}

/** A board. */
export interface PdscBoard {
  /** Board name. */
  readonly name: string;
  /** Vendor. */
  readonly vendor: string;
  /** Revision. */
  readonly revision?: string;
  /** One line about it. */
  readonly summary?: string;
  /** Names of mounted devices (Dname). */
  readonly mountedDevices: readonly string[];
  /** Names of compatible devices, families or sub-families. */
  readonly compatibleDevices: readonly string[];
  /** Algorithms for memories of the board. */
  readonly algorithms: readonly PdscAlgorithm[];
  /** Memories of the board. */
  readonly memories: readonly PdscMemory[];
  /** Line in the description. */
  readonly line: number;
}

/** What a description of chips offers; `Pdsc` reads it from a .pdsc file. */
export interface PackDescription {
  /** File name for messages. */
  readonly fileName: string;
  /** Pack vendor. */
  readonly vendor: string;
  /** Pack name. */
  readonly name: string;
  /** Newest release, or an empty text. */
  readonly version: string;
  /** Where the pack is published. */
  readonly url: string;
  /** What the pack is for. */
  readonly description: string;
  /** Devices in the order of the file, those for other processors included. */
  readonly devices: readonly PdscDeviceEntry[];
  /** What was left out or bent into shape so far. */
  readonly problems: readonly PackProblem[];
  /** A device by its exact name, with all it inherits. @throws {PackError} when there is none */
  device(name: string): PdscDevice;
  /** Boards the pack describes. */
  boards(): readonly PdscBoard[];
}

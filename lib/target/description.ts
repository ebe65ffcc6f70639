/**
 * A chip as plain data: what packs, cbuild-run files and the built-in table all become.
 *
 * @module
 */

/** What a memory region is. */
export type RegionKind = "ram" | "rom" | "flash" | "device" | "other";

/** `count` sectors of `size` bytes each, one after the other. */
export interface SectorRun {
  /** First byte address of the run. */
  readonly start: number;
  /** Bytes per sector. */
  readonly size: number;
  /** Number of sectors. */
  readonly count: number;
}

/** A flash algorithm (CMSIS FLM, "Algorithm" of CMSIS-Pack) taken apart into plain data. */
export interface FlashAlgorithm {
  /** File name, or another name people recognise. */
  readonly name: string;
  /** Device name of the FlashDevice structure. */
  readonly deviceName: string;
  /** Position-independent code followed by initialised and zeroed data, as one image. */
  readonly image: Uint8Array;
  /** Offset in bytes of the static base (R9) from the start of `image`. */
  readonly staticBase: number;
  /** Byte offsets of the routines from the start of `image`. */
  readonly entry: {
    readonly init?: number;
    readonly uninit?: number;
    readonly eraseSector: number;
    /** Absent from algorithms that can only erase. */
    readonly programPage?: number;
    readonly eraseChip?: number;
    readonly blankCheck?: number;
    readonly verify?: number;
    readonly read?: number;
  };
  /** First flash address the algorithm serves, in bytes. */
  readonly start: number;
  /** Bytes it serves. */
  readonly size: number;
  /** Bytes handed to one ProgramPage call at most. */
  readonly pageSize: number;
  /** Value of an erased byte. */
  readonly erasedByte: number;
  /** Limit for programming one page in milliseconds. */
  readonly programTimeoutMs: number;
  /** Limit for erasing one sector in milliseconds. */
  readonly eraseTimeoutMs: number;
  /** Sector layout, absolute addresses, sorted. */
  readonly sectors: readonly SectorRun[];
  /** RAM the description reserves for the algorithm. */
  readonly ram?: { readonly start: number; readonly size: number };
  /** Set when debug sequences do the work: there is no code then. */
  readonly sequences?: {
    /** 64-bit pattern that fills up a page. */
    readonly filler: bigint;
    /** Blocks with the value of `__FlashArg` for each. */
    readonly blocks: readonly (SectorRun & { readonly arg: bigint })[];
  };
}

/** An algorithm that is known by name and loaded when first needed. */
export interface FlashAlgorithmSource {
  /** File name as the description gives it. */
  readonly name: string;
  /** First flash address it is meant for, in bytes. */
  readonly start: number;
  /** Bytes it is meant for. */
  readonly size: number;
  /** Whether the description marks it as default. */
  readonly isDefault: boolean;
  /** Processor it belongs to. */
  readonly pname?: string;
  /** RAM the description reserves for it. */
  readonly ram?: { readonly start: number; readonly size: number };
  /** Loads and parses it. @throws {PackError} when the file is missing or is not a flash algorithm */
  load(): Promise<FlashAlgorithm>;
}

/** One stretch of a chip's address space. */
export interface MemoryRegion {
  /** Name, unique within the map. */
  readonly name: string;
  /** What it is. */
  readonly kind: RegionKind;
  /** First byte address. */
  readonly start: number;
  /** Bytes. */
  readonly size: number;
  /** Letters of CMSIS-Pack: r w x p s n c. */
  readonly access: string;
  /** Where the chip starts from. */
  readonly isBoot: boolean;
  /** Default of its kind, such as the RAM that algorithms run in. */
  readonly isDefault: boolean;
  /** Name of the region this one mirrors. */
  readonly alias?: string;
  /** Only this processor sees it. */
  readonly pname?: string;
  /** Outside the chip. */
  readonly external?: boolean;
  /** The algorithm chosen for a flash region. */
  readonly algorithm?: FlashAlgorithmSource;
}

/** A processor of the chip as its description names it. */
export interface ProcessorDescription {
  /** Processor name (Pname), or the core's type when the chip has one only. */
  readonly name: string;
  /** Core type, such as `Cortex-M4`. */
  readonly core: string;
  /** APSEL (ADIv5) or AP base address (ADIv6), when the description says. */
  readonly ap?: number;
  /** Name of its default reset sequence. */
  readonly defaultReset?: string;
  /** SVD file, as a path inside the pack. */
  readonly svd?: string;
}

/** A word that a chip reports wrongly (CMSIS-Pack, `datapatch`). */
export interface DataPatch {
  /** Whether it is in target memory, or a register of the access port. */
  readonly kind: "memory" | "ap-register";
  /** APSEL (ADIv5) or AP base address (ADIv6) it belongs to; all access ports when absent. */
  readonly ap?: number;
  /** Word-aligned byte address, or byte offset of the register. */
  readonly address: number;
  /** What to take instead. */
  readonly value: number;
  /** Bits of the word that are replaced. */
  readonly mask: number;
}

/** What accesses through one access port carry onto the bus. */
export interface ApBusAttributes {
  /** APSEL (ADIv5) or AP base address (ADIv6). */
  readonly ap: number;
  /** HPROT[4:0]; Tapir chooses unless told. */
  readonly hprot?: number;
  /** SPROT: accesses are non-secure; Tapir chooses unless told. */
  readonly nonSecure?: boolean;
}

/** Everything Tapir needs to know about a chip before it connects. */
export interface TargetDescription {
  /** Part number, such as `STM32F407VGTx`. */
  readonly name: string;
  /** Vendor name without the number. */
  readonly vendor: string;
  /** Families from general to special. */
  readonly families: readonly string[];
  /** Where the description comes from. */
  readonly source: "builtin" | "pack" | "cbuild-run" | "script";
  /** Sorted by start address. */
  readonly memory: readonly MemoryRegion[];
  /** Every algorithm the description names, chosen or not. */
  readonly algorithms: readonly FlashAlgorithmSource[];
  /** In the description's order. */
  readonly processors: readonly ProcessorDescription[];
  /** What the chip reports wrongly about its debug components. */
  readonly dataPatches?: readonly DataPatch[];
  /** Attributes of accesses, where the chip needs special ones. */
  readonly busAttributes?: readonly ApBusAttributes[];
}

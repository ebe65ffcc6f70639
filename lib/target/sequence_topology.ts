/**
 * How a description names debug ports, access ports and processors, for debug sequences.
 *
 * @module
 */

/** A debug port of the description. */
export interface TopologyDebugPort {
  /** `__dp`. */
  readonly id: number;
  /** TARGETSEL value that selects it on a shared SWD wire. */
  readonly targetSel?: number;
}

/** An access port of the description (accessportV1, accessportV2). */
export interface TopologyAccessPort {
  /** `__apid`. */
  readonly id: number;
  /** `__dp` of its debug port. */
  readonly dp: number;
  /** APSEL (ADIv5), or byte address (ADIv6). */
  readonly address: { readonly apsel: number } | { readonly base: number };
  /** `__apid` of the access port whose memory holds its registers, for nested ones. */
  readonly parent?: number;
}

/** What the debug element says about one processor. */
export interface TopologyProcessor {
  /** Name as cores carry it: Pname, or the core's type when there is one processor only. */
  readonly name: string;
  /** Pname that sequences may be restricted to. */
  readonly pname?: string;
  /** `__dp`. */
  readonly dp: number;
  /** `__ap`. */
  readonly ap: number;
  /** `__apid`. */
  readonly apid: number;
  /** Name of its default reset sequence. */
  readonly defaultReset?: string;
}

/** Debug ports, access ports and processors of a chip. */
export interface DebugTopology {
  /** Debug ports; none when the description does not name them. */
  readonly debugPorts: readonly TopologyDebugPort[];
  /** Access ports; when there are any, sequences choose by `__apid`, otherwise by `__ap`. */
  readonly accessPorts: readonly TopologyAccessPort[];
  /** Processors in the description's order. */
  readonly processors: readonly TopologyProcessor[];
}

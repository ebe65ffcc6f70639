/**
 * Debug ports, access ports and memory as debug sequences name them: `__dp`, `__ap`, `__apid`.
 *
 * @module
 */
import { hex } from "../base/bytes.ts";
import { TargetError } from "../base/errors.ts";
import type { ApAddress } from "../dap/debug_port.ts";
import { openAccessPort } from "../dap/discovery.ts";
import { MemAp } from "../dap/mem_ap.ts";
import type { AccessPath } from "../sequence/host.ts";
import { applyBusAttributes } from "./bus_attributes.ts";
import type { ElementMemory } from "./sequence_memory.ts";
import { NestedAp } from "./sequence_nested.ts";
import type { DebugTopology } from "./sequence_topology.ts";
import type { Target } from "./target.ts";

/** Finds access ports, and opens those that discovery did not open yet. */
export class SequenceAccess {
  readonly #target: Target;
  readonly #topology: DebugTopology;
  /** Access ports opened for sequences, which discovery may find later. */
  readonly #temporary = new Map<string, MemAp>();

  /** Access to `target` by the names of `topology`. */
  constructor(target: Target, topology: DebugTopology) {
    this.#target = target;
    this.#topology = topology;
  }

  /**
   * Where the access port of a path is.
   *
   * @throws {TargetError} when the description names no such access port
   */
  address(path: AccessPath): ApAddress {
    const { accessPorts } = this.#topology;
    if (accessPorts.length === 0) return this.#byIndex(path.ap);
    const port = accessPorts.find((candidate) => candidate.id === path.apid);
    if (port === undefined) {
      throw new TargetError(`Cannot use access port id ${path.apid}: the description does not name it`, {
        code: "sequence-access-port",
        hint: `It names: ${accessPorts.map(({ id }) => id).join(", ")}`,
      });
    }
    return port.address;
  }

  /** Whether the registers of the access port lie in the memory of another one. */
  isNested(path: AccessPath): boolean {
    return this.#parentOf(path) !== undefined;
  }

  /** The nested access port of a path. @throws {TargetError} @throws {TransferError} */
  async nested(path: AccessPath): Promise<NestedAp> {
    const address = this.address(path);
    const parent = this.#parentOf(path);
    if (parent === undefined || !("base" in address)) {
      throw new TargetError(`Cannot use access port id ${path.apid}: it is no ADIv6 access port with a parent`, {
        code: "sequence-access-port",
      });
    }
    return new NestedAp(await this.memory({ ...path, apid: parent }), address.base);
  }

  #parentOf(path: AccessPath): number | undefined {
    return this.#topology.accessPorts.find((port) => port.id === path.apid)?.parent;
  }

  /** The debug port of a path: that of its access port, when the description names access ports. */
  debugPort(path: AccessPath): number {
    const { accessPorts } = this.#topology;
    return accessPorts.find((port) => port.id === path.apid)?.dp ?? path.dp;
  }

  /** Memory through the access port of a path, when it is open. @throws {TargetError} */
  openMemory(path: AccessPath): MemAp | undefined {
    if (this.isNested(path)) return undefined;
    const address = this.address(path);
    const key = keyOf(address);
    const known = this.#target.aps.find((ap) => ap instanceof MemAp && keyOf(ap.address) === key);
    return known instanceof MemAp ? known : this.#temporary.get(key);
  }

  /**
   * Memory through the access port of a path, which is opened when it is not.
   *
   * @throws {TargetError} when it does not lead to memory
   * @throws {TransferError} when it does not answer
   */
  async memory(path: AccessPath): Promise<ElementMemory> {
    if (this.isNested(path)) return await this.nested(path);
    const open = this.openMemory(path);
    if (open !== undefined) return open;
    const address = this.address(path);
    const ap = await openAccessPort(this.#target.dp, address);
    applyBusAttributes(ap, this.#target.description);
    if (!(ap instanceof MemAp)) {
      throw new TargetError(`Cannot access memory through ${ap.name}: it is no memory access port`, {
        code: "sequence-access-port",
        fields: { idr: ap.identity.value },
      });
    }
    this.#temporary.set(keyOf(address), ap);
    return ap;
  }

  /** Puts access ports that were opened for sequences back as they were found. */
  release(): void {
    const { aps } = this.#target;
    for (const [key, ap] of this.#temporary) {
      if (aps.some((known) => keyOf(known.address) === key)) this.#temporary.delete(key);
      else ap.restore();
    }
  }

  /** `__ap` of ADIv6 without access-port elements counts the access ports that were found. */
  #byIndex(index: number): ApAddress {
    const { dp, aps } = this.#target;
    if (!dp.isConnected || !dp.isAdi6) return { apsel: index & 0xff };
    const found = aps[index];
    if (found !== undefined) return found.address;
    if (index >= 0x1000) return { base: index };
    throw new TargetError(
      `Cannot use access port ${index}: ADIv6 access ports have addresses, and ${aps.length} are known`,
      {
        code: "sequence-access-port",
        hint: "The description should name its access ports with accessportV2 elements",
      },
    );
  }
}

function keyOf(address: ApAddress): string {
  return "apsel" in address ? `#${address.apsel}` : hex(address.base);
}

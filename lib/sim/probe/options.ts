/**
 * What a simulated probe claims to be.
 *
 * @module
 */
import type { DebugPortOptions } from "../dp/debug_port.ts";
import type { FaultInjector } from "../faults.ts";

/** Abilities that DAP_Info 0xF0 reports; those left out are absent, except SWD and JTAG which are present. */
export interface ProbeCapabilities {
  /** SWD. */
  readonly swd?: boolean;
  /** JTAG. */
  readonly jtag?: boolean;
  /** SWO in UART encoding. */
  readonly swoUart?: boolean;
  /** SWO in Manchester encoding. */
  readonly swoManchester?: boolean;
  /** DAP_QueueCommands and DAP_ExecuteCommands. */
  readonly atomic?: boolean;
  /** Test domain timer for time stamps. */
  readonly timer?: boolean;
  /** SWO on an endpoint of its own. */
  readonly swoStream?: boolean;
  /** UART through DAP commands. */
  readonly uart?: boolean;
  /** The probe has a USB serial port beside CMSIS-DAP. */
  readonly usbComPort?: boolean;
}

/** The far end of the probe's UART. */
export interface UartPort {
  /** Takes bytes the probe sends. */
  write(bytes: Uint8Array): void;
  /** Hands over up to `max` bytes for the probe to receive. */
  read(max: number): Uint8Array;
  /** Bytes waiting to be read. */
  readonly waiting: number;
}

/** How a simulated probe is built; everything has a default. */
export interface ProbeOptions {
  /** Vendor string, DAP_Info 0x01. */
  readonly vendor?: string;
  /** Product string, DAP_Info 0x02. */
  readonly product?: string;
  /** Serial number, DAP_Info 0x03. */
  readonly serial?: string;
  /** CMSIS-DAP protocol version, DAP_Info 0x04. */
  readonly protocolVersion?: string;
  /** Target device vendor, DAP_Info 0x05; absent unless told. */
  readonly targetVendor?: string;
  /** Target device name, DAP_Info 0x06; absent unless told. */
  readonly targetName?: string;
  /** Board vendor, DAP_Info 0x07; absent unless told. */
  readonly boardVendor?: string;
  /** Board name, DAP_Info 0x08; absent unless told. */
  readonly boardName?: string;
  /** Product firmware version, DAP_Info 0x09. */
  readonly firmwareVersion?: string;
  /** Bytes in the largest packet, 64 to 1024. */
  readonly packetSize?: number;
  /** Packets the probe can hold, 1 to 8. */
  readonly packetCount?: number;
  /** Abilities. */
  readonly capabilities?: ProbeCapabilities;
  /** Size of the SWO buffer in bytes. */
  readonly swoBufferSize?: number;
  /** Fastest SWO baud rate. */
  readonly swoMaxBaud?: number;
  /** Test domain timer in hertz. */
  readonly timerHz?: number;
  /** Fastest SWCLK in hertz; requests above it are silently lowered. */
  readonly maxClockHz?: number;
  /** The far end of the UART; a loop-back unless told. */
  readonly uart?: UartPort;
  /** Answer of DAPLink's vendor command 0x80; the command does not exist unless told. */
  readonly uniqueId?: string;
  /** DAP_ResetTarget runs a device-specific sequence, here a pulse on nRESET. */
  readonly deviceReset?: boolean;
  /** How the chip's debug port is built. */
  readonly debugPort?: DebugPortOptions;
  /** Faults on the wire. */
  readonly faults?: FaultInjector;
}

/** Options with every default filled in. */
export type ResolvedProbeOptions =
  & Required<Omit<ProbeOptions, OptionalKeys>>
  & Pick<ProbeOptions, OptionalKeys>;

/** Options that stay absent when not given. */
export type OptionalKeys =
  | "targetVendor"
  | "targetName"
  | "boardVendor"
  | "boardName"
  | "uart"
  | "uniqueId"
  | "faults";

const DEFAULTS = {
  vendor: "Tapir",
  product: "Tapir CMSIS-DAP",
  serial: "SIM00001",
  protocolVersion: "2.1.1",
  firmwareVersion: "1.0.0",
  packetSize: 512,
  packetCount: 4,
  capabilities: {
    swd: true,
    jtag: true,
    swoUart: true,
    swoManchester: true,
    atomic: true,
    timer: true,
    swoStream: true,
    uart: true,
  },
  swoBufferSize: 4096,
  swoMaxBaud: 10_000_000,
  timerHz: 1_000_000,
  maxClockHz: 50_000_000,
  deviceReset: false,
  debugPort: {},
} as const;

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} when the packet size or count is outside 64–1024 or 1–8
 */
export function resolveProbeOptions(options: ProbeOptions): ResolvedProbeOptions {
  const resolved = { ...DEFAULTS, ...options };
  if (resolved.packetSize < 64 || resolved.packetSize > 1024) {
    throw new RangeError(`Cannot simulate a packet size of ${resolved.packetSize} bytes: 64 to 1024 are possible`);
  }
  if (resolved.packetCount < 1 || resolved.packetCount > 8) {
    throw new RangeError(`Cannot simulate a packet count of ${resolved.packetCount}: 1 to 8 are possible`);
  }
  return resolved;
}

/**
 * Opening hygiene: getting into step with a probe in an unknown state, and asking it what it is.
 *
 * @module
 */
import { ProbeError, TimeoutError } from "../../base/errors.ts";
import {
  type Capabilities,
  decodeCapabilities,
  decodeInfo,
  decodeInfoNumber,
  decodeInfoText,
  encodeInfo,
  INFO,
} from "./commands/info.ts";
import { COMMAND, UNKNOWN_COMMAND } from "./commands/response.ts";
import type { CommandQueue } from "./queue.ts";
import type { PacketTransport } from "./transport.ts";
import { parseVersion, type ProtocolVersion } from "./version.ts";

/** What a probe says about itself. */
export interface Identity {
  /** Vendor, if it says. */
  readonly vendor: string | undefined;
  /** Product, if it says. */
  readonly product: string | undefined;
  /** Protocol version. */
  readonly protocol: ProtocolVersion;
  /** Firmware version, if it says. */
  readonly firmware: string | undefined;
  /** Abilities. */
  readonly capabilities: Capabilities;
  /** Bytes of SWO data the probe buffers, 0 when it does not say. */
  readonly swoBuffer: number;
}

const FIRST_TRIES = 16;
const FIRST_TIMEOUT_MS = 50;
/** DAP_Info 0xFF or 0xFE answers outside these are not believed. */
const MIN_PACKET = 16;
const MAX_PACKET = 32768;

/**
 * Drops answers to somebody else's requests, then asks for the packet size until the probe answers.
 *
 * @returns the packet size in bytes
 * @throws {ProbeError} when it never does
 */
export async function greet(transport: PacketTransport): Promise<number> {
  await transport.drain();
  for (let attempt = 0; attempt < FIRST_TRIES; attempt++) {
    await transport.send(encodeInfo(INFO.packetSize));
    try {
      const response = await transport.receive(FIRST_TIMEOUT_MS);
      if (response[0] !== COMMAND.info) {
        await transport.drain();
        continue;
      }
      const size = decodeInfo(response).length >= 2 ? decodeInfoNumber(response) : undefined;
      if (size !== undefined && size >= MIN_PACKET && size <= MAX_PACKET) return size;
    } catch (error) {
      if (!(error instanceof TimeoutError) && !isShort(error)) throw error;
    }
  }
  throw new ProbeError("Cannot talk to the probe: it does not answer DAP_Info", {
    hint: "Another program may be using the probe; unplug and replug it",
  });
}

function isShort(error: unknown): boolean {
  return error instanceof ProbeError && error.code === "probe-short-response";
}

/** Asks how many packets the probe can buffer; 1 when it does not say. @throws {ProbeError} */
export async function readPacketCount(queue: CommandQueue): Promise<number> {
  return Math.max(1, decodeInfoNumber(await queue.command(encodeInfo(INFO.packetCount))) ?? 1);
}

/** Asks for all that is needed to work with the probe, without waiting in between. @throws {ProbeError} */
export async function readIdentity(queue: CommandQueue, fallback: ProtocolVersion): Promise<Identity> {
  const [vendor, product, protocol, firmware, swoBuffer, capabilities] = await askAll(queue, [
    INFO.vendor,
    INFO.product,
    INFO.protocolVersion,
    INFO.firmwareVersion,
    INFO.swoBuffer,
    INFO.capabilities,
  ]);
  return {
    vendor: vendor && decodeInfoText(vendor),
    product: product && decodeInfoText(product),
    protocol: parseVersion(protocol && decodeInfoText(protocol), fallback),
    firmware: firmware && decodeInfoText(firmware),
    capabilities: decodeCapabilities(capabilities ?? Uint8Array.of(COMMAND.info, 0)),
    swoBuffer: (swoBuffer && decodeInfoNumber(swoBuffer)) ?? 0,
  };
}

/** Asks for texts, undefined where the probe says nothing. @throws {ProbeError} */
export async function readTexts(queue: CommandQueue, ids: readonly number[]): Promise<(string | undefined)[]> {
  return (await askAll(queue, ids)).map((response) => response && decodeInfoText(response));
}

async function askAll(queue: CommandQueue, ids: readonly number[]): Promise<(Uint8Array | undefined)[]> {
  const responses = await queue.commands(ids.map(encodeInfo));
  return responses.map((response) => response[0] === UNKNOWN_COMMAND ? undefined : response);
}

/**
 * Opening hygiene: getting into step with a probe in an unknown state, and asking it what it is.
 *
 * @module
 */
import { hexBytes } from "../../base/bytes.ts";
import { Deadline } from "../../base/clock.ts";
import { ProbeError, TimeoutError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
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

const log = getLogger("probe", "cmsis_dap");

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

/** How often the first question is put: requests and answers of somebody else may be in the way. */
const FIRST_TRIES = 16;

/** How long the first answers are waited for, in milliseconds: most come within one, a busy probe's within hundreds. */
const FIRST_TIMEOUTS_MS = [50, 50, 100, 200, 400];

/** How long the whole greeting may take, in milliseconds. */
const GREETING_MS = 1200;

/** How long an answer is waited for that may still come to a question that was put before, in milliseconds. */
const LATE_MS = 100;

/** How often a probe has to give the same senseless packet size until that is taken for what it means. */
const SENSELESS_TRIES = 3;

/** Packet sizes in bytes that are believed. */
const PACKET = { least: 16, most: 32768 } as const;

/** The packet size that every firmware has room for, in bytes: that of a full-speed HID report. */
const SAFE_PACKET = 64;

/** How much of an answer that makes no sense is shown, in bytes. */
const SHOWN_BYTES = 8;

/** More packets under way than this make nothing faster. */
const MAX_PACKET_COUNT = 64;

/**
 * Drops answers to somebody else's requests, then asks for the packet size until the probe answers. A probe whose answer
 * makes no sense is taken for one with small packets. A probe that never answers costs 0.8 seconds, any other 2 at most.
 *
 * @returns the packet size in bytes, no more than the carrier takes
 * @throws {ProbeError} when the probe never answers, or something else each time
 */
export async function greet(transport: PacketTransport): Promise<number> {
  const deadline = new Deadline(transport.clock, GREETING_MS, "greeting the probe");
  await transport.drain();
  let timeouts = 0;
  let senseless = 0;
  let isBroken = false;
  let other: Uint8Array | undefined;
  for (let attempt = 0; attempt < FIRST_TRIES; attempt++) {
    const timeoutMs = FIRST_TIMEOUTS_MS[timeouts];
    if (timeoutMs === undefined || deadline.expired) break;
    await transport.send(encodeInfo(INFO.packetSize));
    let response: Uint8Array;
    try {
      response = await transport.receive(timeoutMs);
    } catch (error) {
      if (error instanceof TimeoutError) timeouts++;
      else if (isBroken) throw error;
      else {
        // Whoever used the probe before may have left it stalled; the next request ends that.
        isBroken = true;
        await transport.drain();
      }
      continue;
    }
    const size = sizeIn(response);
    if (size === undefined) {
      other = response;
      await transport.drain();
      continue;
    }
    if (size.isSensible || ++senseless === SENSELESS_TRIES) {
      await awaitLate(transport, timeouts);
      return Math.min(size.isSensible ? size.bytes : safeSize(size.bytes), transport.maxPacketSize);
    }
  }
  throw other === undefined ? mute() : babble(other);
}

/** The packet size in an answer: two bytes, if the probe follows the specification; undefined if it is no answer. */
function sizeIn(response: Uint8Array): { readonly bytes: number; readonly isSensible: boolean } | undefined {
  try {
    const info = decodeInfo(response);
    const bytes = decodeInfoNumber(response) ?? 0;
    return { bytes, isSensible: info.length >= 2 && bytes >= PACKET.least && bytes <= PACKET.most };
  } catch (error) {
    if (error instanceof ProbeError) return undefined;
    throw error;
  }
}

/** Takes the answers to `count` requests that were given up, so that nobody takes them for answers to the next ones. */
async function awaitLate(transport: PacketTransport, count: number): Promise<void> {
  try {
    for (let i = 0; i < count; i++) await transport.receive(LATE_MS);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    await transport.drain();
  }
}

function safeSize(bytes: number): number {
  log.warning(
    `The probe reports packets of ${bytes} bytes, which cannot be: going on with ${SAFE_PACKET}. ` +
      "Newer firmware may help",
  );
  return SAFE_PACKET;
}

function mute(): ProbeError {
  return new ProbeError("Cannot talk to the probe: it does not answer DAP_Info", {
    hint: "Another program may be using the probe; unplug and replug it",
  });
}

function babble(response: Uint8Array): ProbeError {
  const start = hexBytes(response.subarray(0, SHOWN_BYTES)).replaceAll(/(..)(?=.)/g, "$1 ");
  const what = response.length === 0
    ? "an empty packet"
    : `${start}${response.length > SHOWN_BYTES ? " …" : ""} (${response.length} bytes)`;
  return new ProbeError(`Cannot talk to the probe: it answers DAP_Info with ${what}`, {
    code: "probe-garbage",
    hint: "Unplug and replug the probe; if that does not help, give it newer CMSIS-DAP firmware",
  });
}

/** Asks how many packets the probe can buffer; 1 when it does not say, or says 0. @throws {ProbeError} */
export async function readPacketCount(queue: CommandQueue): Promise<number> {
  const count = decodeInfoNumber(await queue.command(encodeInfo(INFO.packetCount))) ?? 1;
  return Math.min(Math.max(1, count), MAX_PACKET_COUNT);
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

/**
 * SWO capture through a CMSIS-DAP probe: by polling, or from an endpoint of its own.
 *
 * @module
 */
import { concatBytes } from "../../base/bytes.ts";
import { ProbeError } from "../../base/errors.ts";
import { getLogger } from "../../base/log.ts";
import type { SwoCapture } from "../probe.ts";
import {
  decodeSwoBaudrate,
  decodeSwoData,
  encodeSwoBaudrate,
  encodeSwoControl,
  encodeSwoData,
  encodeSwoMode,
  encodeSwoTransport,
  SWO_DATA_HEADER,
  SWO_MODE,
  SWO_TRANSPORT,
} from "./commands/swo.ts";
import type { CommandQueue } from "./queue.ts";
import type { PacketTransport } from "./transport.ts";

const log = getLogger("probe", "cmsis_dap");

/** Packets asked for in one {@linkcode CmsisDapSwo.read} at most, so that transfers get their turn. */
const MAX_POLLS = 16;

/** UART-coded SWO of one probe. */
export class CmsisDapSwo implements SwoCapture {
  readonly #queue: CommandQueue;
  readonly #transport: PacketTransport;
  readonly #streaming: boolean;
  #active = false;

  /** Uses the streaming endpoint of `transport` when `streaming` is set, and polls otherwise. */
  constructor(queue: CommandQueue, transport: PacketTransport, streaming: boolean) {
    this.#queue = queue;
    this.#transport = transport;
    this.#streaming = streaming;
  }

  /**
   * Starts capturing.
   *
   * @throws {ProbeError} when the probe cannot have this rate, or refuses
   */
  async start(baud: number): Promise<number> {
    await this.stop();
    await this.#queue.statusCommands([
      encodeSwoTransport(this.#streaming ? SWO_TRANSPORT.endpoint : SWO_TRANSPORT.commands),
      encodeSwoMode(SWO_MODE.uart),
    ]);
    const actual = decodeSwoBaudrate(await this.#queue.command(encodeSwoBaudrate(baud)));
    if (actual === 0) {
      throw new ProbeError(`Cannot capture SWO at ${baud} bit/s: the probe refuses the rate`, {
        hint: "Try a lower rate",
      });
    }
    await this.#queue.statusCommands([encodeSwoControl(true)]);
    this.#active = true;
    return actual;
  }

  /** Stops capturing. @throws {ProbeError} */
  async stop(): Promise<void> {
    if (!this.#active) return;
    this.#active = false;
    await this.#queue.statusCommands([
      encodeSwoControl(false),
      encodeSwoMode(SWO_MODE.off),
      encodeSwoTransport(SWO_TRANSPORT.none),
    ]);
  }

  /** What has arrived. @throws {ProbeError} */
  async read(): Promise<Uint8Array> {
    if (!this.#active) return new Uint8Array(0);
    if (this.#streaming) return await this.#transport.readSwo!(1);
    const limit = this.#queue.limits.packetSize - SWO_DATA_HEADER;
    const parts: Uint8Array[] = [];
    for (let i = 0; i < MAX_POLLS; i++) {
      const { status, data } = decodeSwoData(await this.#queue.command(encodeSwoData(limit)));
      if (status.overrun) log.warning("SWO data was lost: the buffer of the probe ran over");
      if (status.error) log.warning("The SWO stream has errors; check the baud rate");
      parts.push(data);
      if (data.length < limit) break;
    }
    return concatBytes(parts);
  }
}

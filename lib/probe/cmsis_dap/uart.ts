/**
 * The serial port of the board, through DAP_UART commands.
 *
 * @module
 */
import { ProbeError } from "../../base/errors.ts";
import {
  decodeUartConfigure,
  decodeUartTransfer,
  encodeUartConfigure,
  encodeUartControl,
  encodeUartTransfer,
  encodeUartTransport,
  type UartFormat,
} from "./commands/uart.ts";
import type { CommandQueue } from "./queue.ts";

/** Bytes of the longer of request and response of DAP_UART_Transfer before the data. */
const UART_HEADER = 6;

/** A serial port that a probe offers beside debugging. */
export class CmsisDapUart {
  readonly #queue: CommandQueue;

  readonly #comPort: boolean;

  /** Uses the probe behind `queue`, which has a USB serial port of its own when `comPort` is set. */
  constructor(queue: CommandQueue, comPort: boolean) {
    this.#queue = queue;
    this.#comPort = comPort;
  }

  /**
   * Takes the UART over from the probe's USB serial port and switches it on.
   *
   * @returns the speed in bits per second the probe really uses
   * @throws {ProbeError} when the probe cannot have the format
   */
  async open(format: UartFormat): Promise<number> {
    await this.#queue.statusCommands([encodeUartTransport(2)]);
    const { refused, baud } = decodeUartConfigure(await this.#queue.command(encodeUartConfigure(format)));
    if (refused !== 0 || baud === 0) {
      throw new ProbeError(`Cannot use the serial port at ${format.baud} bit/s: the probe refuses the format`);
    }
    await this.#queue.statusCommands([encodeUartControl(true)]);
    return baud;
  }

  /**
   * Sends what fits of `data` and takes what has been received.
   *
   * @throws {ProbeError}
   */
  async transfer(data: Uint8Array): Promise<{ readonly accepted: number; readonly received: Uint8Array }> {
    const limit = this.#queue.limits.packetSize - UART_HEADER;
    const { accepted, received } = decodeUartTransfer(
      await this.#queue.command(encodeUartTransfer(data.subarray(0, limit), limit)),
    );
    return { accepted, received };
  }

  /** Switches the UART off and hands it back to the probe's USB serial port, if it has one. @throws {ProbeError} */
  async close(): Promise<void> {
    await this.#queue.statusCommands([encodeUartControl(false), encodeUartTransport(this.#comPort ? 1 : 0)]);
  }
}

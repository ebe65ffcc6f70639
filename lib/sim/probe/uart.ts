/**
 * The serial port that DAP_UART_* (0x1F–0x23) offer.
 *
 * @module
 */
import { concatBytes } from "../../base/bytes.ts";
import type { UartPort } from "./options.ts";
import { type CommandHandler, DAP_ERROR, DAP_OK, roomLeft } from "./state.ts";

/** Size of the receive and transmit buffers in bytes, DAP_Info 0xFB and 0xFC. */
export const UART_BUFFER_SIZE = 1024;

const STATUS = { RX_ENABLED: 0x01, RX_LOST: 0x02, TX_ENABLED: 0x10 } as const;
const CONTROL = {
  RX_ENABLE: 0x01,
  RX_DISABLE: 0x02,
  RX_FLUSH: 0x04,
  TX_ENABLE: 0x10,
  TX_DISABLE: 0x20,
  TX_FLUSH: 0x40,
} as const;
const TRANSPORT_COMMANDS = 2;
const MAX_BAUD = 10_000_000;

/** A UART whose output comes back as its input. */
export class LoopbackUart implements UartPort {
  #held: Uint8Array = new Uint8Array();

  /** Bytes on their way back. */
  get waiting(): number {
    return this.#held.length;
  }

  /** Takes bytes. */
  write(bytes: Uint8Array): void {
    this.#held = concatBytes([this.#held, bytes]);
  }

  /** Gives them back. */
  read(max: number): Uint8Array {
    const out = this.#held.slice(0, max);
    this.#held = this.#held.slice(max);
    return out;
  }
}

/** The probe's side of the UART. */
export class UartBridge {
  /** As in DAP_UART_Transport. */
  transport = 0;
  /** Set by a DAP_UART_Configure that was accepted. */
  baud = 0;
  #port: UartPort;
  #rxEnabled = false;
  #txEnabled = false;
  #rx: Uint8Array = new Uint8Array();
  #lost = false;

  /** A bridge to `port`. */
  constructor(port: UartPort = new LoopbackUart()) {
    this.#port = port;
  }

  /** Applies DAP_UART_Control bits; disabling wins over enabling. */
  control(bits: number): void {
    if (bits & CONTROL.RX_ENABLE) this.#rxEnabled = true;
    if (bits & CONTROL.RX_DISABLE) this.#rxEnabled = false;
    if (bits & CONTROL.TX_ENABLE) this.#txEnabled = true;
    if (bits & CONTROL.TX_DISABLE) this.#txEnabled = false;
    if (bits & CONTROL.RX_FLUSH) this.#rx = new Uint8Array();
  }

  #collect(): void {
    const arrived = this.#port.read(this.#port.waiting);
    if (!this.#rxEnabled) return;
    const joined = concatBytes([this.#rx, arrived]);
    if (joined.length > UART_BUFFER_SIZE) this.#lost = true;
    this.#rx = joined.slice(0, UART_BUFFER_SIZE);
  }

  /** Sends bytes; the number accepted. */
  send(bytes: Uint8Array): number {
    if (!this.#txEnabled || bytes.length === 0) return 0;
    this.#port.write(bytes);
    return bytes.length;
  }

  /** Received bytes, at most `max`. */
  receive(max: number): Uint8Array {
    this.#collect();
    const out = this.#rx.slice(0, max);
    this.#rx = this.#rx.slice(max);
    return out;
  }

  /** The status byte and the bytes waiting to be received; error bits clear themselves. */
  takeStatus(): { status: number; waiting: number } {
    this.#collect();
    const status = (this.#rxEnabled ? STATUS.RX_ENABLED : 0) | (this.#txEnabled ? STATUS.TX_ENABLED : 0) |
      (this.#lost ? STATUS.RX_LOST : 0);
    this.#lost = false;
    return { status, waiting: this.#rx.length };
  }
}

/** DAP_UART_Transport (0x1F). */
export const uartTransport: CommandHandler = ({ uart, options }, request, out) => {
  const transport = request.u8();
  const known = transport === 0 || transport === TRANSPORT_COMMANDS ||
    (transport === 1 && options.capabilities.usbComPort === true);
  if (known) uart.transport = transport;
  out.u8(known ? DAP_OK : DAP_ERROR);
};

/** DAP_UART_Configure (0x20). */
export const uartConfigure: CommandHandler = ({ uart }, request, out) => {
  const control = request.u8();
  const baud = request.u32();
  const badDataBits = [0, 5, 6, 7].includes(control & 0xf) ? 0 : 1;
  const badParity = ((control >>> 4) & 3) === 3 ? 2 : 0;
  const badStopBits = control >>> 6 > 1 ? 4 : 0;
  const errors = badDataBits | badParity | badStopBits;
  uart.baud = errors === 0 && baud <= MAX_BAUD ? baud : 0;
  out.u8(errors).u32(uart.baud);
};

/** DAP_UART_Control (0x22). */
export const uartControl: CommandHandler = ({ uart }, request, out) => {
  const bits = request.u8();
  if (uart.transport !== TRANSPORT_COMMANDS) {
    out.u8(DAP_ERROR);
    return;
  }
  uart.control(bits);
  out.u8(DAP_OK);
};

/** DAP_UART_Status (0x23). */
export const uartStatus: CommandHandler = ({ uart }, _request, out) => {
  const { status, waiting } = uart.takeStatus();
  out.u8(status).u32(waiting).u32(0);
};

/** DAP_UART_Transfer (0x21). */
export const uartTransfer: CommandHandler = (state, request, out) => {
  const { uart } = state;
  const max = Math.min(request.u16(), roomLeft(state, out) - 5);
  const accepted = uart.send(request.bytes(request.u16()));
  const { status } = uart.takeStatus();
  const received = uart.receive(max);
  out.u8(status).u16(accepted).u16(received.length).bytes(received);
};

/**
 * DAP_UART_*: a serial port through the probe (CMSIS-DAP 1.3.0 and 2.1.0).
 *
 * @module
 */
import { type Bytes, ByteWriter } from "../../../base/bytes.ts";
import { COMMAND, decodeResponse } from "./response.ts";

/** Frame format and speed. */
export interface UartFormat {
  /** Bits per second. */
  readonly baud: number;
  /** Data bits; 8 unless told. */
  readonly dataBits?: 5 | 6 | 7 | 8;
  /** Parity; none unless told. */
  readonly parity?: "none" | "even" | "odd";
  /** Stop bits; 1 unless told. */
  readonly stopBits?: 1 | 2;
}

/** What DAP_UART_Configure answers. */
export interface UartConfigured {
  /** Fields the probe refuses: bit 0 data bits, bit 1 parity, bit 2 stop bits. */
  readonly refused: number;
  /** Bits per second set, 0 when the rate cannot be had. */
  readonly baud: number;
}

/** What DAP_UART_Transfer answers. */
export interface UartTransferred {
  /** Bytes taken for sending. */
  readonly accepted: number;
  /** Bytes received. */
  readonly received: Uint8Array;
  /** Status bits: 0 receiver on, 1 data lost, 2 framing error, 3 parity error, 4 transmitter on. */
  readonly status: number;
}

/** Routes the UART: 0 nowhere, 1 USB serial port, 2 DAP commands. */
export function encodeUartTransport(transport: 0 | 1 | 2): Bytes {
  return Uint8Array.of(COMMAND.uartTransport, transport);
}

/** Sets frame format and speed. */
export function encodeUartConfigure(format: UartFormat): Bytes {
  const parity = { none: 0, even: 1, odd: 2 }[format.parity ?? "none"];
  const control = ((format.dataBits ?? 8) & 7) | (parity << 4) | (format.stopBits === 2 ? 0x40 : 0);
  return new ByteWriter(6).u8(COMMAND.uartConfigure).u8(control).u32(format.baud).done();
}

/** What was refused, and the speed set. @throws {ProbeError} */
export function decodeUartConfigure(response: Uint8Array): UartConfigured {
  return decodeResponse(response, COMMAND.uartConfigure, (reader) => ({ refused: reader.u8(), baud: reader.u32() }));
}

/** Switches receiver and transmitter on or off; switching on flushes the buffers. */
export function encodeUartControl(on: boolean): Bytes {
  return Uint8Array.of(COMMAND.uartControl, on ? 0x55 : 0x22);
}

/** Sends bytes and takes up to `limit` received ones. */
export function encodeUartTransfer(data: Uint8Array, limit: number): Bytes {
  return new ByteWriter(5 + data.length).u8(COMMAND.uartTransfer).u16(limit).u16(data.length).bytes(data).done();
}

/** What was sent and received. @throws {ProbeError} */
export function decodeUartTransfer(response: Uint8Array): UartTransferred {
  return decodeResponse(response, COMMAND.uartTransfer, (reader) => {
    const status = reader.u8();
    const accepted = reader.u16();
    return { status, accepted, received: reader.bytes(reader.u16()).slice() };
  });
}

/** Asks for status and fill levels. */
export function encodeUartStatus(): Bytes {
  return Uint8Array.of(COMMAND.uartStatus);
}

/** Status bits, and bytes waiting in both directions. @throws {ProbeError} */
export function decodeUartStatus(response: Uint8Array): { status: number; received: number; toSend: number } {
  return decodeResponse(response, COMMAND.uartStatus, (reader) => {
    return { status: reader.u8(), received: reader.u32(), toSend: reader.u32() };
  });
}

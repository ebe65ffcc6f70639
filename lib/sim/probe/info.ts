/**
 * DAP_Info (0x00): who the probe is and what it can do.
 *
 * @module
 */
import { ByteWriter } from "../../base/bytes.ts";
import type { ProbeCapabilities, ResolvedProbeOptions } from "./options.ts";
import { type CommandHandler, roomLeft } from "./state.ts";
import { UART_BUFFER_SIZE } from "./uart.ts";

/** Answers DAP_Info; an empty content means that the information is not available. */
export const info: CommandHandler = (state, request, out) => {
  const content = infoContent(state.options, request.u8()).slice(0, roomLeft(state, out) - 1);
  out.u8(content.length).bytes(content);
};

/** Bytes 0 and 1 of DAP_Info 0xF0; the second only when it has something to say. */
export function capabilityBytes(capabilities: ProbeCapabilities): Uint8Array {
  const flags = [
    capabilities.swd ?? true,
    capabilities.jtag ?? true,
    capabilities.swoUart,
    capabilities.swoManchester,
    capabilities.atomic,
    capabilities.timer,
    capabilities.swoStream,
    capabilities.uart,
  ];
  const first = flags.reduce((sum, flag, index) => sum | (flag ? 1 << index : 0), 0);
  return capabilities.usbComPort ? Uint8Array.of(first, 1) : Uint8Array.of(first);
}

function infoContent(options: ResolvedProbeOptions, id: number): Uint8Array {
  const strings: Record<number, string | undefined> = {
    0x01: options.vendor,
    0x02: options.product,
    0x03: options.serial,
    0x04: options.protocolVersion,
    0x05: options.targetVendor,
    0x06: options.targetName,
    0x07: options.boardVendor,
    0x08: options.boardName,
    0x09: options.firmwareVersion,
  };
  const text = strings[id];
  if (text) return new TextEncoder().encode(`${text}\0`);
  const { capabilities } = options;
  const number = (value: number): Uint8Array => new ByteWriter(4).u32(value).done();
  const none = new Uint8Array();
  switch (id) {
    case 0xf0:
      return capabilityBytes(capabilities);
    case 0xf1:
      return capabilities.timer ? number(options.timerHz) : none;
    case 0xfb:
    case 0xfc:
      return capabilities.uart ? number(UART_BUFFER_SIZE) : none;
    case 0xfd:
      return capabilities.swoUart || capabilities.swoManchester ? number(options.swoBufferSize) : none;
    case 0xfe:
      return Uint8Array.of(options.packetCount);
    case 0xff:
      return new ByteWriter(2).u16(options.packetSize).done();
    default:
      return none;
  }
}

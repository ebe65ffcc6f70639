import { assertEquals } from "@std/assert";
import { parseHexBytes } from "../../base/bytes.ts";
import { serveProbes } from "./serve.ts";
import { createServedProbe } from "./served_probe.ts";

async function readExactly(connection: Deno.Conn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await connection.read(bytes.subarray(at));
    if (count === null) throw new Error("the server hung up");
    at += count;
  }
  return bytes;
}

Deno.test("serveProbes() serves USB/IP on a port, until it is stopped", async () => {
  const server = serveProbes("usbip", { port: 0 }, [createServedProbe("stm32f407", "1")]);
  const connection = await Deno.connect({ port: server.port! });
  await connection.write(parseHexBytes("0111800500000000"));
  assertEquals((await readExactly(connection, 12)).subarray(0, 4), parseHexBytes("01110005"));
  server.stop();
  await server.finished;
  connection.close();
});

Deno.test("serveProbes() hangs up on other protocols, and when a cable is pulled", async () => {
  const probe = createServedProbe("stm32f407", "1");
  const server = serveProbes("usbip", { port: 0 }, [probe]);
  const stranger = await Deno.connect({ port: server.port! });
  await stranger.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  assertEquals(await stranger.read(new Uint8Array(1)), null);
  stranger.close();
  const host = await Deno.connect({ port: server.port! });
  await host.write(parseHexBytes(`0111800300000000${"312d31".padEnd(64, "0")}`));
  await readExactly(host, 320);
  probe.device.unplugged = true;
  assertEquals(await host.read(new Uint8Array(1)), null);
  host.close();
  server.stop();
  await server.finished;
});

Deno.test({
  name: "serveProbes() serves usbredir on a Unix socket, in place of one left behind",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/probe.sock`;
    Deno.listen({ transport: "unix", path }).close();
    for (let i = 0; i < 2; i++) {
      const server = serveProbes("usbredir", { path }, [createServedProbe("nrf52840", "1")]);
      const connection = await Deno.connect({ transport: "unix", path });
      assertEquals((await readExactly(connection, 12)).subarray(0, 8), parseHexBytes("0000000044000000"));
      server.stop();
      await server.finished;
      connection.close();
    }
    await Deno.remove(folder, { recursive: true });
  },
});

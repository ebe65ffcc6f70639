import { assertEquals } from "@std/assert";
import { pathToFileURL } from "node:url";
import { connect } from "./connect.ts";

const PDSC = `<package><vendor>V</vendor><name>P</name><devices><family Dfamily="F" Dvendor="V:1">
  <processor Dcore="Cortex-M4"/><device Dname="ABC100"/></family></devices></package>`;

Deno.test("connect() takes packs by path and by URL, also from folders with blanks and umlauts", async () => {
  const folder = await Deno.makeTempDir({ prefix: "ta pir ü 100%" });
  try {
    await Deno.writeTextFile(`${folder}/V.P.pdsc`, PDSC);
    for (const pack of [folder, [folder], pathToFileURL(folder), [pathToFileURL(folder)]]) {
      await using session = await connect({ probe: "sim:stm32f407", pack });
      assertEquals(session.target.description.name, "ABC100");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

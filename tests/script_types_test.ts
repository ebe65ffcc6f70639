/** The types that editors get: complete on their own, and strict about what a script may do. */
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { STARTER, TYPES_NAME } from "../lib/script/starter.ts";

/** Runs a program of this project's build; --no-lock, see scripts/gen_types.ts. */
async function deno(...args: string[]): Promise<{ success: boolean; output: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-lock", ...args],
    cwd: fileURLToPath(new URL("../", import.meta.url)),
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { success, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

const WRONG = `/// <reference path="./${TYPES_NAME}" />
import { command, connect, type DelegateContext } from "tapir";
export function will_reset({ reset_type }: DelegateContext<"will_reset">): boolean {
  return reset_type === "core";
}
command({ name: "x", args: { a: "int", b: "string?" } }, (_, { a, b }) => {
  const wrong: string = a;
  b.length;
  return wrong.length > 0 ? undefined : connect({ prob: "x" }).then(() => {});
});
`;

Deno.test("tapir.d.ts is complete, accepts the starter, and finds mistakes in scripts", async () => {
  const directory = await Deno.realPath(await Deno.makeTempDir());
  try {
    const generated = await deno("scripts/gen_types.ts", `${directory}/${TYPES_NAME}`);
    assertEquals(generated.success, true, generated.output);
    await Deno.writeTextFile(`${directory}/starter.ts`, STARTER);
    await Deno.writeTextFile(`${directory}/wrong.ts`, WRONG);
    const check = (file: string, ...more: string[]) =>
      deno(
        ...["npm:typescript@5.9.3/tsc", "--noEmit", "--strict", "--target", "esnext", "--module", "esnext"],
        ...["--moduleResolution", "bundler", "--lib", "esnext,dom", ...more, `${directory}/${file}`],
      );
    assertEquals(await check("starter.ts"), { success: true, output: "" });
    const { success, output } = await check("wrong.ts");
    assertEquals(success, false);
    const places = [...output.matchAll(/wrong\.ts\((\d+),/g)].map((match) => Number(match[1]));
    assertEquals(places, [3, 7, 8, 9], output);
    assertMatch(output, /reset_type/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

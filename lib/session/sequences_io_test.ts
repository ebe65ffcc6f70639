import { assert, assertEquals, assertRejects } from "@std/assert";
import { TargetError, TimeoutError, UsageError } from "../base/errors.ts";
import {
  expandPath,
  isMissingProgram,
  pythonNames,
  sequenceIo,
  type SequenceIoOptions,
  splitArguments,
} from "./sequences_io.ts";

async function withIo(
  options: Partial<SequenceIoOptions>,
  work: (io: ReturnType<typeof sequenceIo>, projectDir: string) => Promise<void>,
): Promise<void> {
  const projectDir = await Deno.makeTempDir();
  try {
    const io = sequenceIo({
      places: { projectDir, packDir: "/packs/x", device: "D" },
      allowed: () => false,
      readPackFile: () => Promise.reject(new UsageError("Cannot read it: absent")),
      ...options,
    });
    await work(io, projectDir);
  } finally {
    await Deno.remove(projectDir, { recursive: true });
  }
}

Deno.test("files outside of the project directory are refused without permission", async () => {
  await withIo({}, async (io) => {
    for (const path of ["/etc/hostname", "$P/../x", "../x"]) {
      const error = await assertRejects(
        () => io.readFile(path, 9n, 0n),
        TargetError,
        "outside of the project directory",
      );
      assertEquals(error.code, "sequence-not-permitted");
      await assertRejects(() => io.writeFile(path, new Uint8Array(1), false, 0n), TargetError, "was not permitted");
    }
  });
});

Deno.test("programs need permission, report their exit code and end in time", async () => {
  const run = { path: Deno.execPath(), directory: "", python: false };
  await withIo({}, async (io) => {
    const denied = { ...run, args: "--version", timeoutUs: 0n };
    await assertRejects(() => io.runProgram(denied), TargetError, "was not permitted");
  });
  await withIo({ allowed: () => true }, async (io, projectDir) => {
    await Deno.writeTextFile(`${projectDir}/exit.ts`, "Deno.exit(Number(Deno.args[0]));");
    await Deno.writeTextFile(`${projectDir}/wait.ts`, "await new Promise((done) => setTimeout(done, 20_000));");
    assertEquals(await io.runProgram({ ...run, args: 'run "$Pexit.ts" 7', timeoutUs: 30_000_000n }), 7);
    const slow = { ...run, args: "run $Pwait.ts", timeoutUs: 300_000n };
    await assertRejects(() => io.runProgram(slow), TimeoutError, "did not end in time");
    const absent = { ...run, path: "$P/no-such-program", args: "", timeoutUs: 0n };
    await assertRejects(() => io.runProgram(absent), UsageError, "not found");
  });
});

Deno.test("pythonNames() leaves out the stand-in for the store on Windows", () => {
  assertEquals(pythonNames("windows"), ["py", "python"]);
  for (const os of ["linux", "darwin"]) assertEquals(pythonNames(os), ["python3", "python"]);
});

Deno.test("isMissingProgram() knows what each system says about a program that is not there", async () => {
  const start = async () => await new Deno.Command("/nonexistent/program").output();
  assert(isMissingProgram(await start().catch((error) => error)));
  assert(isMissingProgram(new Error("Failed to spawn 'C:\\none.exe': File not found")));
  assert(!isMissingProgram(new Error("Failed to spawn 'C:\\a.exe': Access is denied. (os error 5)")));
});

Deno.test("files of the project are written, appended, found and read", async () => {
  await withIo({}, async (io, projectDir) => {
    await io.writeFile("$Pa.bin", Uint8Array.of(1, 2), false, 0n);
    await io.writeFile("a.bin", Uint8Array.of(3), true, 0n);
    assertEquals([...await io.readFile(`${projectDir}/a.bin`, 0xffff_ffff_ffff_ffffn, 0n)], [1, 2, 3]);
    assertEquals([...await io.readFile("$Pa.bin", 2n, 0n)], [1, 2]);
    assertEquals([await io.fileExists("$Pa.bin", 0n), await io.fileExists("$Pb.bin", 1000n)], [true, false]);
    await assertRejects(() => io.readFile("$Pb.bin", 1n, 1000n), TimeoutError, "does not exist");
    assertEquals(await io.loadDebugInfo("none.axf"), false);
  });
});

Deno.test("questions take the first letters of a button, numbers as written, and nothing at the end of input", async () => {
  const lines = ["what", "Y", "c", "", "x", "0x20"];
  await withIo({ ask: () => Promise.resolve(lines.shift()) }, async (io) => {
    assertEquals(await io.query!(1, "Erase?"), 3n);
    assertEquals(await io.query!(2, "Erase?"), 2n);
    assertEquals(await io.query!(0, "Look out"), 1n);
    assertEquals(await io.queryValue!("Key"), 0x20n);
    assertEquals([await io.query!(3, "Go on?"), await io.queryValue!("Key")], [undefined, undefined]);
  });
  await withIo({}, (io) => {
    assertEquals([io.query, io.queryValue], [undefined, undefined]);
    return Promise.resolve();
  });
});

Deno.test("symbols come from a file of the pack, and what takes them may refuse", async () => {
  const loaded: string[] = [];
  const parts = {
    readPackFile: (path: string) => Promise.resolve(new TextEncoder().encode(path)),
    onDebugInfo: (path: string, bytes: Uint8Array) => {
      if (path === "bad.axf") return Promise.reject(new UsageError("Cannot read it: damaged"));
      return Promise.resolve(void loaded.push(`${path}: ${bytes.length} bytes`));
    },
  };
  await withIo(parts, async (io) => {
    assertEquals([await io.loadDebugInfo("Debug\\rom.axf"), await io.loadDebugInfo("bad.axf")], [true, false]);
  });
  assertEquals(loaded, ["Debug\\rom.axf: 13 bytes"]);
});

Deno.test("expandPath() puts every place in, and doubled signs stand for themselves", () => {
  const places = { projectDir: "/home/me/app", packDir: "/packs/x", device: "D1", image: "/home/me/app/out/a.axf" };
  assertEquals(
    expandPath("$P|#P|$L|%L|$S|$D|$$P|##|%%|$x", places),
    [
      "/home/me/app/",
      "/home/me/app/app",
      "/home/me/app/out/",
      "/home/me/app/out/a.axf",
      "/packs/x/",
      "D1",
      "$P",
      "#",
      "%",
      "$x",
    ].join("|"),
  );
  assertEquals(splitArguments('-o "a b" c"d e"f  g'), ["-o", "a b", "cd ef", "g"]);
});

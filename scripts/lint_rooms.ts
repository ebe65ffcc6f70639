/**
 * `deno lint` plugin that holds the plan of the house (docs/architecture.md): which room may import which, where
 * outside packages and `Deno.*` may appear, that importing a module does nothing, and how long a file may get.
 *
 * @module
 */

/** Floor of each room; a room imports itself and lower floors only. */
const FLOOR: Readonly<Record<string, number>> = {
  base: 0,
  format: 1,
  usb: 1,
  sim: 1,
  probe: 2,
  dap: 3,
  coresight: 4,
  core: 5,
  sequence: 5,
  target: 6,
  pack: 7,
  flash: 7,
  rtt: 7,
  swo: 7,
  semihost: 7,
  rtos: 7,
  gdb: 8,
  dapserver: 8,
  session: 9,
  command: 10,
  script: 11,
  cli: 12,
  commander: 12,
};

/** Exceptions to "same floor never imports same floor": the command line starts the REPL. */
const SIDEWAYS: Readonly<Record<string, readonly string[]>> = { cli: ["commander"] };

/** Rooms whose files may touch the operating system. */
const IO_ROOMS = new Set(["usb", "session", "script", "cli", "commander", "gdb", "dapserver"]);

/** Single files outside those rooms that may. */
const IO_FILES = [
  /^lib\/pack\/(files|store|download|root|bundle|cache)[a-z_]*\.ts$/,
  /^lib\/probe\/(remote|cmsis_dap\/usb|sim\/serve|sim\/flash_file)[a-z_]*(\/[a-z_]+)?\.ts$/,
  /^lib\/(rtt|swo|semihost)\/(server|files|console)\.ts$/,
  /^lib\/core\/disassemble\.ts$/,
];

/** Files that hand the library's face, mod.ts, on to users. */
const FACE_USERS = new Set(["lib/script/user_script.ts"]);

/** Outside packages and the one file that knows each. */
const PACKAGES: Readonly<Record<string, string>> = {
  "@logtape/logtape": "lib/base/log.ts",
  "@std/yaml": "lib/format/yaml.ts",
  "fast-xml-parser": "lib/format/xml.ts",
  "@cliffy/command": "lib/cli/program.ts",
  "sucrase": "lib/script/strip.ts",
  "capstone": "lib/core/disassemble.ts",
};

const MAX_LINES = 450;

interface Place {
  /** Path from the root of the project, with slashes. */
  path: string;
  /** Room under lib, or undefined. */
  room: string | undefined;
  /** Whether the file is a test or test support. */
  test: boolean;
}

/** Where a file stands in the house. */
export function placeOf(fileName: string): Place {
  const slashed = fileName.replaceAll("\\", "/");
  const at = slashed.search(/(^|\/)(lib|scripts|tests)\/|(^|\/)(cli|mod)\.ts$/);
  const path = at < 0 ? slashed : slashed.slice(at).replace(/^\//, "");
  const room = /^lib\/([a-z_]+)\//.exec(path)?.[1];
  return { path, room, test: /_test\.ts$/.test(path) || path.startsWith("tests/") };
}

/**
 * Why `from` may not import `specifier`, or undefined when it may.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { importProblem } from "./lint_rooms.ts";
 *
 * assertEquals(importProblem("lib/dap/queue.ts", "../base/log.ts"), undefined);
 * assertEquals(importProblem("lib/dap/queue.ts", "../core/core.ts"), "room dap (floor 3) imports core (floor 5)");
 * ```
 */
export function importProblem(from: string, specifier: string): string | undefined {
  const place = placeOf(from);
  if (!specifier.startsWith(".")) {
    const owner = Object.keys(PACKAGES).find((name) => specifier === name || specifier.startsWith(`${name}/`));
    if (owner !== undefined && PACKAGES[owner] !== place.path) {
      return `package ${owner} may only be imported in ${PACKAGES[owner]}`;
    }
    if (!place.test && place.path.startsWith("lib/") && /^(@std\/assert|fast-check)/.test(specifier)) {
      return `${specifier} is for tests`;
    }
    return undefined;
  }
  if (place.room === undefined) return undefined;
  const parts = place.path.split("/").slice(0, -1);
  for (const step of specifier.split("/")) {
    if (step === "..") parts.pop();
    else if (step !== ".") parts.push(step);
  }
  const target = parts.join("/");
  if (!target.startsWith("lib/")) {
    if (place.test || FACE_USERS.has(place.path)) return undefined;
    return `lib may not import ${target}`;
  }
  const room = target.split("/")[1]!;
  if (room === place.room) return undefined;
  const mine = FLOOR[place.room];
  const theirs = FLOOR[room];
  if (mine === undefined) return `room ${place.room} is not in the plan of the house`;
  if (theirs === undefined) return `room ${room} is not in the plan of the house`;
  if (place.room === "sim" && room !== "base") return "sim imports base only";
  if (theirs < mine) return undefined;
  if (SIDEWAYS[place.room]?.includes(room)) return undefined;
  return `room ${place.room} (floor ${mine}) imports ${room} (floor ${theirs})`;
}

/** Whether a file may use `Deno.*`. */
export function mayTouchSystem(fileName: string): boolean {
  const place = placeOf(fileName);
  if (!place.path.startsWith("lib/") || place.test) return true;
  return IO_ROOMS.has(place.room ?? "") || IO_FILES.some((pattern) => pattern.test(place.path));
}

const plugin: Deno.lint.Plugin = {
  name: "tapir",
  rules: {
    "room-imports": {
      create(context) {
        const check = (node: Deno.lint.Node, specifier: string): void => {
          const problem = importProblem(context.filename, specifier);
          if (problem) {
            context.report({ node, message: problem, hint: "See the table of rooms in docs/architecture.md" });
          }
        };
        return {
          ImportDeclaration: (node) => check(node, node.source.value),
          ExportAllDeclaration: (node) => check(node, node.source.value),
          ExportNamedDeclaration: (node) => {
            if (node.source) check(node, node.source.value);
          },
          ImportExpression: (node) => {
            if (node.source.type === "Literal" && typeof node.source.value === "string") {
              check(node, node.source.value);
            }
          },
        };
      },
    },
    "system-access": {
      create(context) {
        if (mayTouchSystem(context.filename)) return {};
        return {
          MemberExpression: (node) => {
            if (node.object.type === "Identifier" && node.object.name === "Deno") {
              context.report({ node, message: "Deno.* appears in rooms that do I/O only" });
            }
          },
        };
      },
    },
    "inert-modules": {
      create(context) {
        const place = placeOf(context.filename);
        if (!place.path.startsWith("lib/") || place.test) return {};
        return {
          "Program > ExpressionStatement": (node: Deno.lint.Node) => {
            context.report({
              node,
              message: "Importing a module does nothing: no statement with an effect at the top",
            });
          },
          AwaitExpression: (node: Deno.lint.Node) => {
            let parent = (node as { parent?: Deno.lint.Node }).parent;
            while (parent) {
              if (/Function/.test(parent.type)) return;
              parent = (parent as { parent?: Deno.lint.Node }).parent;
            }
            context.report({ node, message: "Importing a module does nothing: no top-level await" });
          },
        };
      },
    },
    "file-length": {
      create(context) {
        const place = placeOf(context.filename);
        if (place.path.startsWith("tests/golden/")) return {};
        return {
          Program: (node) => {
            const text = context.sourceCode.text;
            if (/^\/\/ data:/m.test(text) || /^ \* @data /m.test(text)) return;
            const lines = text.split("\n").length;
            const limit = place.test ? MAX_LINES * 2 : MAX_LINES;
            if (lines > limit) {
              context.report({
                node,
                message: `File has ${lines} lines, ${limit} is the limit`,
                hint: "One thing or two? A table of data says so with a `// data:` line",
              });
            }
          },
        };
      },
    },
    "error-style": {
      create(context) {
        const place = placeOf(context.filename);
        if (!place.path.startsWith("lib/") || place.test) return {};
        return {
          NewExpression: (node) => {
            if (node.callee.type !== "Identifier" || !/Error$/.test(node.callee.name)) return;
            const first = node.arguments[0];
            if (first?.type !== "Literal" || typeof first.value !== "string") return;
            const text = first.value;
            if (/\.$/.test(text)) context.report({ node: first, message: "Error messages end without a full stop" });
            if (/\b(can't|don't|won't|isn't|doesn't|couldn't)\b/i.test(text)) {
              context.report({ node: first, message: "Error messages use no contractions" });
            }
            if (/^[a-z]/.test(text)) context.report({ node: first, message: "Error messages start with a capital" });
          },
        };
      },
    },
  },
};

export default plugin;

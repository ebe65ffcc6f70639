/**
 * Completion scripts for shells, made from the tables of subcommands, flags and session options.
 *
 * @module
 */
import { OPTION_NAMES, OPTION_TABLE } from "../session/option_table.ts";
import { SUBCOMMANDS } from "./subcommands.ts";

/** Shells that scripts can be made for. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** One of {@linkcode SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** A flag as a shell needs to know it. */
interface Flag {
  readonly names: readonly string[];
  readonly takesValue: boolean;
  readonly help: string;
  /** What the value may be; empty when it may be anything. */
  readonly words: readonly string[];
}

/** A subcommand as a shell needs to know it. */
interface Entry {
  readonly names: readonly string[];
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** What stands right behind it; empty when that may be anything. */
  readonly words: readonly string[];
}

/** The script for a shell. */
export async function completionScript(shell: Shell): Promise<string> {
  const entries = await Promise.all(SUBCOMMANDS.map(async ({ name, aliases, summary, load }): Promise<Entry> => {
    const { options, operands } = await load();
    const flags = Object.values(options).map(({ flags, help, words = [] }) => ({
      names: flags.match(/(?<![\w-])--?[A-Za-z][\w-]*/g) ?? [],
      takesValue: /[<[]/.test(flags),
      help,
      words,
    }));
    return { names: [name, ...aliases], summary, flags, words: operands[0]?.words ?? [] };
  }));
  const help = { names: ["help"], summary: "show the help of a command", flags: [], words: namesOf(entries) };
  return MAKERS[shell]([...entries, help]);
}

const TOP_FLAGS: readonly Flag[] = [
  { names: ["-V", "--version"], takesValue: false, help: "print the version", words: [] },
  { names: ["--help-options"], takesValue: false, help: "print every session option", words: [] },
  { names: ["-h", "--help"], takesValue: false, help: "show help", words: [] },
];

/** What may follow `-O`: `name=`, and for options that are true or false also the bare and the negated name. */
const SETTINGS: readonly string[] = OPTION_NAMES.flatMap((name) =>
  OPTION_TABLE[name].type === "bool" ? [name, `no-${name}`] : [`${name}=`]
);

const MAKERS: Readonly<Record<Shell, (entries: readonly Entry[]) => string>> = { bash, zsh, fish, powershell };

function namesOf(items: readonly { readonly names: readonly string[] }[]): string[] {
  return items.flatMap(({ names }) => names);
}

/** Flags whose values are known: `subcommand flag` in every spelling, with the values. */
function flagValues(
  entries: readonly Entry[],
): { readonly keys: readonly string[]; readonly words: readonly string[] }[] {
  return entries.flatMap(({ names, flags }) =>
    flags.filter(({ words }) => words.length > 0).map((flag) => ({
      keys: names.flatMap((name) => flag.names.map((spelling) => `${name} ${spelling}`)),
      words: flag.words,
    }))
  );
}

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(({ names, flags, words }) =>
    `    ${names.join("|")}) flags='${namesOf(flags).join(" ")}' words='${words.join(" ")}' ;;`
  );
  const values = flagValues(entries).map(({ keys, words }) =>
    `    ${keys.map((key) => `'${key}'`).join("|")}) values='${words.join(" ")}' ;;`
  );
  return `# Completion of tapir for bash; made by \`tapir completions bash\`.
_tapir() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} flags='' words='' values=''
  COMPREPLY=()
  # bash takes --flag=value for three words.
  if [ "$word" = = ]; then word=''
  elif [ "$before" = = ]; then before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${[...namesOf(entries), ...namesOf(TOP_FLAGS)].join(" ")}' -- "$word"))
    return
  fi
  case $before in
    -O|--option)
      COMPREPLY=($(compgen -W '${SETTINGS.join(" ")}' -- "$word"))
      [[ \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
      return ;;
  esac
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
  case "\${COMP_WORDS[1]} $before" in
${values.join("\n")}
  esac
  if [ -n "$values" ]; then COMPREPLY=($(compgen -W "$values" -- "$word"))
  elif [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$flags --help" -- "$word"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$word"))
  else COMPREPLY=($(compgen -f -- "$word")); compopt -o filenames 2>/dev/null
  fi
}
complete -F _tapir tapir
`;
}

/** Text inside single quotes of a POSIX shell or zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function zsh(entries: readonly Entry[]): string {
  const commands = entries.flatMap(({ names, summary }) => names.map((name) => quoted(`${name}:${summary}`)));
  const escape = (text: string): string => text.replaceAll(/[[\]:\\]/g, "\\$&");
  const cases = entries.map(({ names, flags, words }) => {
    const first = words.length > 0 ? ` ${quoted(`1:what:(${words.join(" ")})`)}` : "";
    const specs = flags.flatMap(({ names, takesValue, help, words }) =>
      names.map((name) => {
        const known = words.length > 0 ? `:value:(${words.join(" ")})` : ":value:_files";
        const action = name === "-O" || name === "--option" ? ":option:_tapir_settings" : known;
        return quoted(`*${name}[${escape(help)}]${takesValue ? action : ""}`);
      })
    );
    return `    ${names.join("|")}) _arguments ${specs.join(" ")}${first} '*:file:_files' ;;`;
  });
  return `#compdef tapir
# Completion of tapir for zsh; made by \`tapir completions zsh\`.
_tapir_settings() {
  local -a settings=(${SETTINGS.map(quoted).join(" ")})
  compadd -S '' -- $settings
}
_tapir() {
  local -a commands=(${commands.join(" ")})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = _tapir ]; then _tapir "$@"; else compdef _tapir tapir; fi
`;
}

function fish(entries: readonly Entry[]): string {
  const escape = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const spell = (name: string): string => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`);
  const lines = [
    "# Completion of tapir for fish; made by `tapir completions fish`.",
    ...entries.flatMap(({ names, summary }) =>
      names.map((name) => `complete -c tapir -n __fish_use_subcommand -f -a ${name} -d ${escape(summary)}`)
    ),
  ];
  for (const { names, flags, words } of entries) {
    const condition = escape(`__fish_seen_subcommand_from ${names.join(" ")}`);
    if (words.length > 0) lines.push(`complete -c tapir -n ${condition} -a ${escape(words.join(" "))}`);
    for (const { names: spellings, takesValue, help, words } of flags) {
      const known = spellings.includes("-O") ? SETTINGS : words;
      const value = known.length > 0 ? ` -x -a ${escape(known.join(" "))}` : takesValue ? " -r" : "";
      lines.push(`complete -c tapir -n ${condition} ${spellings.map(spell).join(" ")}${value} -d ${escape(help)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function powershell(entries: readonly Entry[]): string {
  const list = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(", ");
  const cases = entries.map(({ names, flags }) =>
    `    { $_ -in ${list(names)} } { $words = @(${list([...namesOf(flags), "--help"])}) }`
  );
  const values = flagValues(entries).map(({ keys, words }) =>
    `    { $_ -cin ${list(keys)} } { $words = @(${list(words)}) }`
  );
  const operands = entries.filter(({ words }) => words.length > 0).map(({ names, words }) =>
    `    { $_ -in ${list(names)} } { $words = @(${list(words)}) }`
  );
  return `# Completion of tapir for PowerShell; made by \`tapir completions powershell\`.
Register-ArgumentCompleter -Native -CommandName tapir -ScriptBlock {
  param($word, $ast, $position)
  $typed = @($ast.CommandElements | ForEach-Object { $_.ToString() })
  $count = $typed.Count
  if ($word -ne '') { $count-- }
  $before = $typed[$count - 1]
  $words = @()
  if ($count -le 1) { $words = @(${list([...namesOf(entries), ...namesOf(TOP_FLAGS)])}) }
  elseif ($before -in '-O', '--option') { $words = @(${list(SETTINGS)}) }
  elseif ($word -like '-*') {
    switch ($typed[1]) {
${cases.join("\n")}
    }
  }
  else {
    switch ("$($typed[1]) $before") {
${values.join("\n")}
    }
    if ($count -eq 2) {
      switch ($typed[1]) {
${operands.join("\n")}
      }
    }
  }
  $words | Where-Object { $_ -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;
}

/**
 * Parses sequence text into statements and expressions (CMSIS-Pack specification, "Debug access sequences",
 * expressions and statements).
 *
 * @module
 */
import type { BinaryOperator, Expression, SourceText, Statement, UnaryOperator } from "./ast.ts";
import { syntaxError, type Token, tokenize } from "./lexer.ts";

/** Binding strength of binary operators, C's order. */
const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  "*": 10,
  "/": 10,
  "%": 10,
  "+": 9,
  "-": 9,
  "<<": 8,
  ">>": 8,
  "<": 7,
  "<=": 7,
  ">": 7,
  ">=": 7,
  "==": 6,
  "!=": 6,
  "&": 5,
  "^": 4,
  "|": 3,
  "&&": 2,
  "||": 1,
};

const ASSIGNMENTS = new Set(["=", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "<<=", ">>="]);

/** Deepest nesting of one expression; deeper text is hostile, not a pack's. */
const MAX_DEPTH = 200;

/** Most operators of one statement: `1+1+1+…` nests too, to the left. */
const MAX_OPERATORS = 1000;

/**
 * Parses the text of a block.
 *
 * @throws {PackError} with line and column
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseBlock } from "./parser.ts";
 *
 * const statements = parseBlock({ text: "__var x = 1; Write32(0xE000ED0C, x);", line: 1 });
 * assertEquals(statements.map((s) => s.kind), ["var", "expression"]);
 * ```
 */
export function parseBlock(source: SourceText): Statement[] {
  return new Parser(tokenize(source)).block();
}

/**
 * Parses one expression, such as the value of an `if` attribute.
 *
 * @throws {PackError} with line and column
 */
export function parseExpression(source: SourceText): Expression {
  return new Parser(tokenize(source)).onlyExpression();
}

class Parser {
  #at = 0;
  #depth = 0;
  #operators = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  block(): Statement[] {
    const statements: Statement[] = [];
    while (true) {
      while (this.#take(";")) { /* empty statements are harmless */ }
      if (this.#peek().kind === "end") return statements;
      const before = this.#peek().at.line;
      statements.push(this.#statement());
      const next = this.#peek();
      // Real packs forget the semicolon at the end of a line; anywhere else it must be there.
      if (next.kind !== "end" && next.text !== ";" && next.at.line === before) {
        throw syntaxError(`Cannot read ${describe(next)}: a semicolon belongs before it`, next.at);
      }
    }
  }

  onlyExpression(): Expression {
    const expression = this.#expression();
    this.#take(";");
    const next = this.#peek();
    if (next.kind !== "end") throw syntaxError(`Cannot read ${describe(next)} after the expression`, next.at);
    return expression;
  }

  #statement(): Statement {
    this.#operators = 0;
    const first = this.#peek();
    if (first.kind === "name" && first.text === "__var") {
      this.#at++;
      const name = this.#name("the name of a variable");
      return this.#take("=")
        ? { kind: "var", name, value: this.#expression(), at: first.at }
        : { kind: "var", name, at: first.at };
    }
    return { kind: "expression", expression: this.#expression(), at: first.at };
  }

  #expression(): Expression {
    if (++this.#depth > MAX_DEPTH) throw syntaxError("Cannot read an expression nested this deep", this.#peek().at);
    try {
      return this.#assignment();
    } finally {
      this.#depth--;
    }
  }

  #assignment(): Expression {
    const left = this.#conditional();
    const token = this.#peek();
    if (token.kind !== "operator" || !ASSIGNMENTS.has(token.text)) return left;
    if (left.kind !== "name") throw syntaxError("Cannot assign to anything but a variable", token.at);
    this.#at++;
    const value = this.#expression();
    return token.text === "="
      ? { kind: "assign", name: left.name, value, at: left.at }
      : { kind: "assign", name: left.name, operator: token.text.slice(0, -1) as BinaryOperator, value, at: left.at };
  }

  #conditional(): Expression {
    const test = this.#binary(1);
    if (!this.#take("?")) return test;
    const yes = this.#expression();
    this.#expect(":");
    const no = this.#expression();
    return { kind: "conditional", test, yes, no, at: test.at };
  }

  #binary(lowest: number): Expression {
    let left = this.#unary();
    while (true) {
      const token = this.#peek();
      const strength = token.kind === "operator" ? PRECEDENCE[token.text as BinaryOperator] : undefined;
      if (strength === undefined || strength < lowest) return left;
      if (++this.#operators > MAX_OPERATORS) throw syntaxError("Cannot read an expression this long", token.at);
      this.#at++;
      left = {
        kind: "binary",
        operator: token.text as BinaryOperator,
        left,
        right: this.#binary(strength + 1),
        at: token.at,
      };
    }
  }

  #unary(): Expression {
    const token = this.#peek();
    if (token.kind === "operator" && ["!", "~", "-", "+"].includes(token.text)) {
      if (++this.#depth > MAX_DEPTH) throw syntaxError("Cannot read an expression nested this deep", token.at);
      this.#at++;
      const operand = this.#unary();
      this.#depth--;
      return { kind: "unary", operator: token.text as UnaryOperator, operand, at: token.at };
    }
    return this.#primary();
  }

  #primary(): Expression {
    const token = this.#peek();
    this.#at++;
    if (token.kind === "number") return { kind: "number", value: token.value!, at: token.at };
    if (token.kind === "string") return { kind: "string", value: token.text, at: token.at };
    if (token.kind === "name") {
      if (!this.#take("(")) return { kind: "name", name: token.text, at: token.at };
      const args: Expression[] = [];
      if (!this.#take(")")) {
        do args.push(this.#expression()); while (this.#take(","));
        this.#expect(")");
      }
      return { kind: "call", name: token.text, args, at: token.at };
    }
    if (token.text === "(") {
      const inner = this.#expression();
      this.#expect(")");
      return inner;
    }
    this.#at--;
    throw syntaxError(`Cannot read ${describe(token)}: a value belongs here`, token.at);
  }

  #peek(): Token {
    return this.tokens[this.#at]!;
  }

  #take(text: string): boolean {
    const token = this.#peek();
    if (token.kind !== "operator" || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (this.#take(text)) return;
    const token = this.#peek();
    throw syntaxError(`Cannot read ${describe(token)}: "${text}" belongs here`, token.at);
  }

  #name(what: string): string {
    const token = this.#peek();
    if (token.kind !== "name") throw syntaxError(`Cannot read ${describe(token)}: ${what} belongs here`, token.at);
    this.#at++;
    return token.text;
  }
}

function describe(token: Token): string {
  return token.kind === "end" ? "the end of the text" : JSON.stringify(token.text);
}

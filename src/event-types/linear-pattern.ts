import { RE2JS, RE2JSException } from 're2js';

/** The pattern cannot be matched in linear time. `message` says what to do. */
export class UnusablePatternError extends Error {
  constructor(pattern: string, reason: string) {
    super(`The pattern ${JSON.stringify(pattern.slice(0, 100))} cannot be used: ${reason}`);
    this.name = 'UnusablePatternError';
  }
}

/** When compiled, some hundred bytes of a pattern become megabytes of states. */
const maxPatternChars = 2_000;

/**
 * Runs the regular expressions of a JSON Schema on RE2's engine, which has no backtracking. JavaScript's own engine
 * needs exponential time for patterns such as `^(a+)+$`. What RE2 does not support (lookaround, backreferences, more
 * than 1,000 repetitions) is refused.
 */
export function linearPattern(pattern: string): { test(text: string): boolean } {
  if (pattern.length > maxPatternChars) {
    throw new UnusablePatternError(pattern, `it has more than ${maxPatternChars} characters.`);
  }
  const compiled = compile(pattern);
  // Ajv distinguishes two patterns by their text.
  const engine = {
    test: (text: string) => compiled.matcher(text).find(),
    toString: () => `linear:${pattern}`,
  };
  return engine;
}

/** Ajv asks for the engine's name in generated code, but we never print generated code. */
linearPattern.code = 'linearPattern';

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(withScriptNames(pattern)));
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const why = /\(\?[=!<]|\\[1-9k]/.test(pattern)
      ? 'lookaround and backreferences are not supported, because they cannot be matched in linear time. Use several keywords instead, such as allOf.'
      : /repeat/.test(error.message)
        ? 'a repetition can have a count of at most 1,000. Limit the length with maxLength or minLength.'
        : `${error.message}.`;
    throw new UnusablePatternError(pattern, why);
  }
}

/** Replaces `\p{Script=Greek}` and `\p{General_Category=Letter}` by the names that RE2 knows. */
function withScriptNames(pattern: string): string {
  return pattern
    .replaceAll(/\\([pP])\{(?:Script|sc|Script_Extensions|scx|General_Category|gc)=(\w+)\}/g, '\\$1{$2}')
    .replaceAll(/\\([pP])\{(\w+)\}/g, (_all, letter: string, name: string) => {
      return `\\${letter}{${shortCategory[name] ?? name}}`;
    });
}

/** The long names of Unicode's general categories. */
const shortCategory: Readonly<Record<string, string>> = {
  Letter: 'L',
  Lowercase_Letter: 'Ll',
  Uppercase_Letter: 'Lu',
  Titlecase_Letter: 'Lt',
  Modifier_Letter: 'Lm',
  Other_Letter: 'Lo',
  Mark: 'M',
  Number: 'N',
  Decimal_Number: 'Nd',
  Letter_Number: 'Nl',
  Other_Number: 'No',
  Punctuation: 'P',
  Symbol: 'S',
  Math_Symbol: 'Sm',
  Currency_Symbol: 'Sc',
  Separator: 'Z',
  Space_Separator: 'Zs',
  Other: 'C',
  Control: 'Cc',
};

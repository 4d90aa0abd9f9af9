/**
 * A pattern on a string of a custom resource, as a CEL rule with a message in words: a `pattern` of the schema can only
 * be refused by quoting the whole expression at the user.
 */

/** Metadata of a zod string that `pattern` judges too. The pattern holds no look-around (RE2) and no `"`. */
export function patternRule(pattern: RegExp, message: string) {
  // The slash is escaped in the source of a JavaScript pattern and needs no escape in CEL.
  const source = pattern.source.replaceAll('\\/', '/')
  return { 'x-kubernetes-validations': [{ rule: `self.matches(r"${source}")`, message }] }
}

/** TypeScript into JavaScript, without looking at its types. */

/**
 * A module in CommonJS form, so that its imports can be answered with what the page has.
 * @throws Error naming line and column if it cannot be parsed
 */
export async function commonJs(code: string): Promise<string> {
  // Fetched when it is first needed.
  const { transform } = await import("sucrase");
  return transform(code, { transforms: ["typescript", "imports"], disableESTransforms: true }).code;
}

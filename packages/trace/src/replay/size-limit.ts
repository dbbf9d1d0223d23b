/** Sizes over this, in bytes, can't be met in a linear memory, and are not asked for. */
export const SIZE_LIMIT: number = 2 ** 32 - 1;

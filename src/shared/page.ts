/** One page of a list. `last_key` is the cursor of the next page, null at the end. */
export interface Page<T> {
  items: T[];
  last_key: string | null;
}

export const PAGE_LIMIT_DEFAULT = 20;
export const PAGE_LIMIT_MAX = 100;

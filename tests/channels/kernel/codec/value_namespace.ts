/** A module whose namespace is a value of the table. */
export const data = 1;

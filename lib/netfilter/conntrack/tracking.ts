/** What the tracker of a protocol makes of a packet. */
export const Tracking = { ACCEPT: 0, INVALID: 1, REPEAT: 2, DROP: 3 } as const;
export type Tracking = (typeof Tracking)[keyof typeof Tracking];

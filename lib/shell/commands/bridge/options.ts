/** What stands before the object of a `bridge` command. */
export interface BridgeOptions {
  readonly details: boolean;
  readonly statistics: boolean;
  readonly json: boolean;
  readonly pretty: boolean;
}

/** For the tests, which are TypeScript. */
export declare function refusals(given: {
  readonly engine: string;
  readonly status: string;
  readonly version: string;
  readonly policyVersion: string;
  readonly changelog: string;
}): readonly string[];
export declare function sectionOf(changelog: string, version: string): string | null;

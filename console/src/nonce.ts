/** The nonce with which this page may insert style elements; see src/platform/http/front-page.ts. */
export const styleNonce = (): string | undefined =>
  document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;

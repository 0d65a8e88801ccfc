// A real provider (oauth2-mock-server) as a process of its own: its key handling tells objects of other realms apart, as
// test runners have them. It is told whom it has in front of it, and tells what the last exchange of a code brought along.
import { OAuth2Server } from 'oauth2-mock-server';

let claims = {};
let refuses = false;
const provider = new OAuth2Server();
await provider.issuer.keys.generate('RS256');
await provider.start(0, '127.0.0.1');
provider.service.on('beforeTokenSigning', (token) => Object.assign(token.payload, claims));
provider.service.on('beforeResponse', (response, request) => {
  process.send?.({ exchanged: request.body });
  if (!refuses) return;
  response.statusCode = 400;
  response.body = { error: 'invalid_grant', error_description: 'internal-detail' };
});
process.on('message', (told) => {
  claims = told.claims ?? {};
  refuses = told.refuses ?? false;
  process.send?.({ understood: true });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url: provider.issuer.url });

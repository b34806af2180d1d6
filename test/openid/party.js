// A relying party written with openid-client, which knows nothing of us: it walks through every dialogue with the
// identity provider, and checks each answer by its own reading of the standards. The Go test internal/idp/oidc/foreign_test.go starts the
// provider and tells the addresses by environment; any failed expectation ends the program with status 1.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import * as openid from "openid-client";

const env = process.env;
const issuer = new URL(env.ISSUER);
const redirect = "https://party.example/cb";
const bye = "https://party.example/bye";

const discover = async (auth, id = env.CLIENT) => {
  const config = await openid.discovery(issuer, id, {}, auth, { execute: [openid.allowInsecureRequests] });
  openid.enableNonRepudiationChecks(config); // verifies the signatures of id tokens too
  return config;
};

// browser keeps cookies and follows redirects until it would leave the provider.
const browser = () => {
  const jar = new Map();
  const open = async (address, form) => {
    for (let n = 0; n < 12; n++) {
      const url = new URL(address);
      if (url.origin !== issuer.origin) return url;
      const answer = await fetch(url, {
        method: form ? "POST" : "GET",
        body: form && new URLSearchParams(form),
        redirect: "manual",
        headers: { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join("; ") },
      });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (/max-age=0/i.test(line) || value === "") jar.delete(name);
        else jar.set(name, value);
      }
      if (answer.status !== 303) return url;
      [address, form] = [new URL(answer.headers.get("location"), url), undefined];
    }
    throw new Error("redirects without end");
  };
  return {
    open,
    async signIn(address) {
      let at = await open(address);
      if (at.pathname === "/login") at = await open(at, { login: env.LOGIN, password: env.PASSWORD });
      if (at.pathname === "/consent") at = await open(at, { grant: "yes" });
      return at;
    },
  };
};

const begin = async (config, more = {}) => {
  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const nonce = openid.randomNonce();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirect, scope: "openid fullname email", state, nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...more,
  });
  return { url, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } };
};

const signIn = async (config, b, more) => {
  const { url, checks } = await begin(config, more);
  const at = await b.signIn(url);
  assert.equal(at.origin + at.pathname, redirect, `ended at ${at}`);
  return { at, checks, tokens: await openid.authorizationCodeGrant(config, at, checks) };
};

const refused = (promise, code, what) => assert.rejects(promise, (e) => e.error === code || e.cause?.error === code || e.code === code || assert.fail(`${what}: ${e.code} ${e.error} ${e}`));

const secret = await discover(openid.ClientSecretBasic(env.SECRET));
const meta = secret.serverMetadata();
assert.ok(meta.supportsPKCE(), "discovery does not name S256");
assert.equal(meta.authorization_response_iss_parameter_supported, true);

// Sign-in, identity, profile.
const b = browser();
const first = await signIn(secret, b);
const claims = first.tokens.claims();
assert.equal(claims.sub, env.SUBJECT);
assert.equal(claims.aud, env.CLIENT);
assert.equal(claims.okno_level, 1);
const info = await openid.fetchUserInfo(secret, first.tokens.access_token, claims.sub);
assert.equal(info.family_name, "Соколова");
assert.equal(info.email, env.LOGIN);

// Introspection, by three ways of proving the client.
const key = await webcrypto.subtle.importKey("pkcs8", Buffer.from(env.KEY, "base64"), { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
for (const auth of [openid.ClientSecretBasic(env.SECRET), openid.ClientSecretPost(env.SECRET), openid.PrivateKeyJwt(key)]) {
  const seen = await openid.tokenIntrospection(await discover(auth), first.tokens.access_token);
  assert.equal(seen.active, true);
  assert.equal(seen.sub, claims.sub);
  assert.equal(seen.scope, "openid fullname email");
}
const stranger = await discover(openid.ClientSecretBasic("wrong-secret-of-24-characters"));
await assert.rejects(openid.tokenIntrospection(stranger, first.tokens.access_token), (e) => e.status === 401 && e.cause[0].scheme === "basic");

// A code works once; its second use takes away what the first one got.
await refused(openid.authorizationCodeGrant(secret, first.at, first.checks), "invalid_grant", "a code used twice");
assert.equal((await openid.tokenIntrospection(secret, first.tokens.access_token)).active, false, "a token outlives the reuse of its code");

// The second sign-in asks nothing; refreshing rotates, and a stolen refresh token ends the family.
const second = await signIn(secret, b, { prompt: "none" });
assert.equal(second.tokens.claims().sub, claims.sub);
const rotated = await openid.refreshTokenGrant(secret, second.tokens.refresh_token);
assert.notEqual(rotated.refresh_token, second.tokens.refresh_token);
assert.equal(rotated.claims().sub, claims.sub);
const again = await openid.refreshTokenGrant(secret, rotated.refresh_token, { scope: "openid" });
assert.equal((await openid.tokenIntrospection(secret, again.access_token)).scope, "openid");
await refused(openid.refreshTokenGrant(secret, second.tokens.refresh_token), "invalid_grant", "an old refresh token");
assert.equal((await openid.tokenIntrospection(secret, again.access_token)).active, false, "a family outlives the reuse of a refresh token");
await refused(openid.refreshTokenGrant(secret, again.refresh_token), "invalid_grant", "the newest refresh token of a revoked family");

// Revocation.
const third = await signIn(secret, b);
await openid.tokenRevocation(secret, third.tokens.refresh_token);
await openid.tokenRevocation(secret, "never-issued");
assert.equal((await openid.tokenIntrospection(secret, third.tokens.access_token)).active, false);
await assert.rejects(openid.fetchUserInfo(secret, third.tokens.access_token, claims.sub), (e) => e.status === 401);

// What the provider must refuse, and what the party must notice.
const wrongVerifier = await begin(secret);
const at = await b.signIn(wrongVerifier.url);
await refused(openid.authorizationCodeGrant(secret, at, { ...wrongVerifier.checks, pkceCodeVerifier: openid.randomPKCECodeVerifier() }), "invalid_grant", "a foreign verifier");
const noState = await begin(secret);
await assert.rejects(openid.authorizationCodeGrant(secret, await b.signIn(noState.url), { ...noState.checks, expectedState: openid.randomState() }), "a foreign state");
const noNonce = await begin(secret);
await assert.rejects(openid.authorizationCodeGrant(secret, await b.signIn(noNonce.url), { ...noNonce.checks, expectedNonce: openid.randomNonce() }), "a foreign nonce");
for (const [more, code] of [[{ scope: "fullname" }, "invalid_scope"], [{ response_type: "token" }, "unsupported_response_type"], [{ code_challenge_method: "plain" }, "invalid_request"], [{ prompt: "none login" }, "invalid_request"]]) {
  const { url, checks } = await begin(secret, more);
  await refused(openid.authorizationCodeGrant(secret, await b.open(url), checks), code, JSON.stringify(more));
}
const foreign = await b.open((await begin(secret, { redirect_uri: "https://evil.example/cb" })).url);
assert.equal(foreign.origin, issuer.origin, "a foreign redirect address gets an answer");

// Leaving: nobody is asked with the id token of the session, and afterwards nobody is signed in.
const last = await signIn(secret, b);
const out = openid.buildEndSessionUrl(secret, { id_token_hint: last.tokens.id_token, post_logout_redirect_uri: bye, state: "s-1" });
assert.equal((await b.open(out)).href, `${bye}?state=s-1`);
assert.equal((await openid.tokenIntrospection(secret, last.tokens.access_token)).active, false, "a token outlives the sign-out");
const gone = await begin(secret, { prompt: "none" });
await refused(openid.authorizationCodeGrant(secret, await b.open(gone.url), gone.checks), "login_required", "silently after the sign-out");
console.log("every dialogue passed");

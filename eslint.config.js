// Stands here for editors and for paths relative to this folder; what it imports is installed in .ci.
export { default } from './.ci/eslint.config.mjs';

import eslint from '@eslint/js';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

const restrictedEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Read settings through platform/config.',
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.nexus/', '**/*.js', '**/*.mjs', '**/*.cjs', '.dependency-cruiser.cjs', 'bench/k6/', 'generators/', 'documents/', 'console/src/client/', 'sdks/'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': ['error', restrictedEnvironment],
    },
  },
  {
    // Text of users reaches these patterns: each must be linear in it.
    files: ['src/**'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential' }],
    },
  },
  { files: ['src/platform/config/**', 'test/**', 'scripts/**', 'bench/**', 'console/journeys/**', 'cli/src/nexus.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: "CallExpression[callee.object.name=/^(it|test|describe)$/][callee.property.name=/^(only|skip|todo)$/]", message: 'No focused or skipped tests.' },
      ],
    },
  },
);

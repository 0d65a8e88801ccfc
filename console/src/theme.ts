import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';
import { texts } from './texts';

const indigo: MantineColorsTuple = [
  '#eef2ff',
  '#e0e7ff',
  '#c7d2fe',
  '#a5b4fc',
  '#818cf8',
  '#6366f1',
  '#4f46e5',
  '#4338ca',
  '#3730a3',
  '#312e81',
];
const gray: MantineColorsTuple = [
  '#f8fafc',
  '#f1f5f9',
  '#e2e8f0',
  '#cbd5e1',
  '#94a3b8',
  '#64748b',
  '#475569',
  '#334155',
  '#1e293b',
  '#0f172a',
];
const dark: MantineColorsTuple = [
  '#d5dae3',
  '#aeb6c4',
  '#8f99aa',
  '#5b6577',
  '#333b4a',
  '#262d3a',
  '#1b212c',
  '#141922',
  '#0f131a',
  '#0a0d12',
];

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 6, dark: 6 },
  colors: { indigo, gray, dark },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', monospace",
  defaultRadius: 'md',
  headings: {
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '1.375rem', lineHeight: '1.3' },
      h2: { fontSize: '1rem', lineHeight: '1.4' },
      h3: { fontSize: '0.875rem', lineHeight: '1.4' },
    },
  },
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  cursorType: 'pointer',
  components: {
    Button: { defaultProps: { size: 'sm' } },
    Badge: { defaultProps: { variant: 'light', radius: 'sm', tt: 'none', fw: 550 } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300, transitionProps: { duration: 0 } } },
    Modal: { defaultProps: { centered: true, transitionProps: { duration: 0 } } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': texts.actions.close } } },
    Table: { defaultProps: { verticalSpacing: 'xs' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
  },
});

const TINTED = ['gray', 'red', 'green', 'yellow', 'blue', 'indigo', 'orange', 'teal', 'violet', 'cyan'] as const;

/** White text on Mantine's own red is below WCAG AA. */
const FILLED_RED = {
  '--mantine-color-red-filled': 'var(--mantine-color-red-9)',
  '--mantine-color-red-filled-hover': 'color-mix(in srgb, var(--mantine-color-red-9) 88%, black)',
};

/** Text on tints and dimmed text reach the contrast of WCAG AA in both schemes; Mantine's own do not. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': '#526077',
    '--mantine-color-placeholder': '#64748b',
    '--mantine-color-error': '#b42318',
    '--mantine-color-anchor': '#4338ca',
    ...FILLED_RED,
    '--nexus-side': '#f8fafc',
    '--nexus-line': '#e2e8f0',
    '--nexus-sunken': '#f8fafc',
    ...Object.fromEntries(
      TINTED.map((color) => [
        `--mantine-color-${color}-light-color`,
        `color-mix(in srgb, var(--mantine-color-${color}-9) 70%, black)`,
      ]),
    ),
  },
  dark: {
    '--mantine-color-body': '#10141b',
    '--mantine-color-text': '#dfe4ec',
    '--mantine-color-dimmed': '#a3adbd',
    '--mantine-color-placeholder': '#8f99aa',
    '--mantine-color-error': '#ff9b92',
    '--mantine-color-anchor': '#a5b4fc',
    ...FILLED_RED,
    '--nexus-side': '#0c1016',
    '--nexus-line': '#262d3a',
    '--nexus-sunken': '#0c1016',
    ...Object.fromEntries(
      TINTED.map((color) => [`--mantine-color-${color}-light-color`, `var(--mantine-color-${color}-3)`]),
    ),
  },
});

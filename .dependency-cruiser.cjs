/** The floors of the house, lowest first. A folder imports only from floors below its own. */
const FLOORS = [
  ['shared'],
  ['platform'],
  ['engine', 'identity', 'models'],
  ['budgets'],
  ['tools', 'stages', 'statistics'],
  ['runtimes'],
  ['agents', 'agent-server'],
  ['sessions'],
  ['invocations'],
  ['projects'],
  ['builds'],
  ['integrations'],
  ['flows'],
  ['protocols'],
  ['health'],
  ['orchestration', 'legacy', 'exports'],
];

const path = (folders) => `^src/(${folders.join('|')})/`;

const floorRules = FLOORS.map((folders, floor) => {
  const above = FLOORS.slice(floor + 1).flat();
  return {
    name: `floor-${folders.join('-')}`,
    comment: `${folders.join(', ')} may import only from lower floors`,
    severity: 'error',
    from: { path: path(folders) },
    to: { path: `${above.length > 0 ? `${path(above)}|` : ''}^src/[^/]+\\.ts$` },
  };
});

const neighbourRules = FLOORS.flatMap((folders) =>
  folders.flatMap((folder) =>
    folders
      .filter((other) => other !== folder)
      .map((other) => ({
        name: `neighbours-${folder}-${other}`,
        comment: 'folders of one floor do not know each other',
        severity: 'error',
        from: { path: path([folder]) },
        to: { path: path([other]) },
      })),
  ),
);

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-circles-between-folders',
      comment: 'a folder is read without the folders that use it; a folder and its own subfolders may know each other',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
    ...floorRules,
    ...neighbourRules,
    {
      name: 'only-platform-dynamodb-and-repositories-know-the-aws-sdk',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/platform/database/|^src/runtimes/agentcore/|\\.repository\\.ts$' },
      to: { path: '@aws-sdk/' },
    },
    {
      name: 'only-repositories-know-dynamodb',
      comment: 'services, ports and rules hand writes to a UnitOfWork and never see what is in them',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/platform/database/|\\.repository\\.ts$' },
      to: { path: '^src/platform/database/(client/(dynamodb|database-faults)|database-inputs)\\.ts$' },
    },
    {
      name: 'records-and-errors-are-plain',
      comment: '<entity>.ts and *.errors.ts know no framework',
      severity: 'error',
      from: {
        path: '^src/[a-z]+/([a-z-]+\\.errors|project|stage|agent|invocation|session|message|build|artifact)\\.ts$',
      },
      to: { path: '@nestjs/|@aws-sdk/' },
    },
    {
      name: 'controllers-never-see-repositories',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: '\\.repository\\.ts$' },
    },
    {
      name: 'services-know-no-http',
      severity: 'error',
      from: { path: '\\.service\\.ts$', pathNot: '^src/platform/' },
      to: { path: '@nestjs/swagger|^express$' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};

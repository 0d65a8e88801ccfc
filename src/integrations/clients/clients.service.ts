import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { zip } from '../../platform/archive/zip.js';
import { Settings } from '../../platform/config/settings.js';
import { RateLimitedError, ValidationError } from '../../shared/domain-error.js';
import { wordsOf } from '../catalogue/openapi-document.js';
import { CatalogueWorkers } from '../catalogue-workers.js';
import { ClientUnavailableError } from '../integrations.errors.js';
import { IntegrationsService } from '../integrations.service.js';
import { CLIENT_LANGUAGES, type ClientLanguageName, type Files } from './client-language.js';
import { ClientPackages } from './client-packages.js';

/** Generators take a whole core and hundreds of megabytes. */
const AT_ONCE = 1;
const WAITING_MAX = 8;
const LEFT_OUT_SHOWN = 100;
/** Words that name no package in one of the languages. */
const RESERVED = new Set(
  (
    'and as assert async await break case chan class const continue def default defer del elif else except export fallthrough ' +
    'false finally for from func function global go goto if import in interface is lambda main map nonlocal not null or package ' +
    'pass raise range return select struct switch test tests true try type types var void while with yield'
  ).split(' '),
);

export interface ClientWish {
  org_id: string;
  integration_id: string;
  language: ClientLanguageName;
  package_name?: string | undefined;
}

/** A generated client. */
export interface GeneratedClient {
  file_name: string;
  /** ZIP. The same catalogue gives the same bytes. */
  archive: Buffer;
}

/** Generates typed clients of integrations, by programs that can be killed. */
@Injectable()
export class ClientsService {
  private readonly turns = pLimit(AT_ONCE);
  private readonly packages: ClientPackages;

  constructor(
    private readonly integrations: IntegrationsService,
    private readonly workers: CatalogueWorkers,
    settings: Settings,
  ) {
    this.packages = new ClientPackages({
      python: settings.get('CLIENT_GENERATOR_PYTHON'),
      go: settings.get('CLIENT_GENERATOR_GO'),
    });
  }

  /** The languages whose generators are installed. */
  languages(): ClientLanguageName[] {
    return CLIENT_LANGUAGES.filter((language) => this.packages.isInstalled(language));
  }

  /** A ZIP archive with the client in a folder of its own. @throws as {@link files} */
  async generate(wish: ClientWish, signal?: AbortSignal): Promise<GeneratedClient> {
    const { name, files } = await this.files(wish, signal);
    return { file_name: `${name}-${wish.language}.zip`, archive: await zip(below(name, files)) };
  }

  /**
   * The files of a client by their paths. Takes at most four minutes. One client is generated at a time, and at most eight requests wait.
   * @throws IntegrationNotFoundError, InvalidStateError; ClientUnavailableError when the generator is missing or fails; RateLimitedError
   */
  async files(wish: ClientWish, signal?: AbortSignal): Promise<{ name: string; files: Files }> {
    const { org_id, integration_id, language: wanted, package_name } = wish;
    if (package_name !== undefined && RESERVED.has(package_name))
      throw ValidationError.field('package_name', `must not be "${package_name}": the word is reserved`);
    const integration = await this.integrations.getReady(org_id, integration_id);
    this.packages.requireInstalled(wanted);
    const args = { server: integration.base_url };
    const plan = await this.workers.ask('plan_client', [this.integrations.catalogueOf(integration)], args, signal);
    if (plan.operations.length === 0) {
      const left_out = plan.left_out.slice(0, LEFT_OUT_SHOWN);
      throw new ClientUnavailableError('no_operations', 'No operation can be described in OpenAPI', { left_out });
    }
    if (this.turns.pendingCount >= WAITING_MAX) throw new RateLimitedError('Too many clients are being generated', 10);
    const name = package_name ?? packageNameOf(plan.title);
    const { files } = await this.turns(() => this.packages.packageOf(wanted, plan, name, signal));
    return { name, files };
  }
}

/** All files in one folder. */
const below = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]));

function packageNameOf(title: string): string {
  const words = wordsOf(title.normalize('NFKD')).join('-').toLowerCase().slice(0, 40).replace(/-$/, '');
  return `${/^[a-z]/.test(words) ? words : `api${words === '' ? '' : `-${words}`}`}-client`;
}

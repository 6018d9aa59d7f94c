import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql';
import { escapeHtml, renderInline } from './render-markdown.ts';

/** The whole schema as one page: the root fields first, then every type by its name. */
export function schemaReference(schema: GraphQLSchema): string {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type))
    .filter((type) => !roots.some((root) => root?.name === type.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const index = types.map(({ name }) => `<a href="#${name}">${name}</a>`).join(' · ');
  return [
    '<h1>Schema reference</h1>',
    '<p>Every field and type of the API, with units, defaults, limits and errors.</p>',
    `<p>${index}</p>`,
    ...roots.flatMap((root) => (root == null ? [] : section(schema, root))),
    ...types.map((type) => section(schema, type)),
  ].join('\n');
}

function section(schema: GraphQLSchema, type: GraphQLNamedType): string {
  return `<section class="type" id="${type.name}">
<h2>${type.name} <span class="kind">${kindOf(type)}</span></h2>
${described(type.description)}
${contentOf(schema, type)}
</section>`;
}

function kindOf(type: GraphQLNamedType): string {
  if (isObjectType(type)) return 'type';
  if (isInputObjectType(type)) return 'input';
  if (isInterfaceType(type)) return 'interface';
  if (isUnionType(type)) return 'union';
  return isEnumType(type) ? 'enum' : 'scalar';
}

function contentOf(schema: GraphQLSchema, type: GraphQLNamedType): string {
  if (isUnionType(type)) return `<p>One of: ${type.getTypes().map(linkTo).join(', ')}</p>`;
  if (isEnumType(type)) {
    return list(
      type.getValues().map(({ name, description, deprecationReason }) => ({
        term: `<code>${name}</code>`,
        text: described(description) + deprecation(deprecationReason),
      })),
    );
  }
  if (isInterfaceType(type)) {
    const { objects } = schema.getImplementations(type);
    return `<p>Implemented by: ${objects.map(linkTo).join(', ')}</p>${fieldsOf(Object.values(type.getFields()))}`;
  }
  if (isObjectType(type)) return fieldsOf(Object.values(type.getFields()));
  return isInputObjectType(type) ? inputsOf(Object.values(type.getFields())) : '';
}

const fieldsOf = (fields: readonly GraphQLField<unknown, unknown>[]) =>
  list(
    fields.map((field) => ({
      term: `<code>${field.name}</code>: ${typeLink(field.type)}`,
      text: described(field.description) + deprecation(field.deprecationReason) + inputsOf(field.args),
    })),
  );

const inputsOf = (inputs: readonly (GraphQLArgument | GraphQLInputField)[]) =>
  list(
    inputs.map((input) => {
      const value =
        input.defaultValue === undefined
          ? ''
          : ` = <code>${escapeHtml(JSON.stringify(input.defaultValue))}</code>`;
      return {
        term: `<code>${input.name}</code>: ${typeLink(input.type)}${value}`,
        text: described(input.description) + deprecation(input.deprecationReason),
      };
    }),
  );

const list = (entries: readonly { term: string; text: string }[]) =>
  entries.length === 0
    ? ''
    : `<dl>${entries.map(({ term, text }) => `<dt>${term}</dt><dd>${text}</dd>`).join('\n')}</dl>`;

const described = (text: string | null | undefined) => (text == null ? '' : `<p>${renderInline(text)}</p>`);

const deprecation = (reason: string | null | undefined) =>
  reason == null ? '' : `<p><strong>Deprecated:</strong> ${renderInline(reason)}</p>`;

const linkTo = ({ name }: GraphQLNamedType) => `<a href="#${name}">${name}</a>`;

/** A type such as `[Endpoint!]!`, with the name as a link. */
function typeLink(type: GraphQLType): string {
  const named = getNamedType(type);
  const text = String(type);
  return isSpecifiedScalarType(named)
    ? `<code>${text}</code>`
    : `<code>${text.replace(named.name, () => linkTo(named))}</code>`;
}

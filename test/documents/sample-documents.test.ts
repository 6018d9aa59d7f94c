import { type DocumentNode, getOperationAST, validate } from 'graphql';
import { expect, test } from 'vitest';
import { refuseLargeDocument } from '../../src/graph/document-limits.ts';
import { refuseOperation } from '../../src/graph/operation-cost.ts';
import { schema } from '../../src/schema.ts';
import {
  DashboardDocument,
  DeliveryLogDocument,
  DeliveryStatusChangedDocument,
} from './generated/graphql.ts';

const documents: Record<string, { document: DocumentNode; variables: Record<string, unknown> }> = {
  dashboard: { document: DashboardDocument, variables: { endpoints: 100, deliveries: 100 } },
  deliveryLog: { document: DeliveryLogDocument, variables: { after: 0, maxBatch: 1_000 } },
  deliveryStatusChanged: { document: DeliveryStatusChangedDocument, variables: { after: 0 } },
};

for (const [name, { document, variables }] of Object.entries(documents)) {
  test(`${name} fits the schema and its limits`, () => {
    expect(validate(schema, document)).toEqual([]);
    expect(refuseLargeDocument(document)).toBeUndefined();
    const operation = getOperationAST(document);
    if (operation == null) throw new Error('A sample holds one operation.');
    expect(refuseOperation({ schema, document, operation, variables, context: {} })).toBeUndefined();
  });
}

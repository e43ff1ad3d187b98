// Asks Microsoft's Kusto language service about queries.
//
// Standard input: {"tables": {TABLE: "(Column:type, ...)"}, "queries": [TEXT, ...]}
// Standard output: for each query {"diagnostics": [...], "columns": ["Name:type", ...], "operators": [...],
// "functions": [...], "words": [...]}, where words are the operators between operands that are written as words.
'use strict';

const fs = require('fs');
const path = require('path');
const vm = require('vm');

// The service is made for browsers: its files define globals.
const folder = path.dirname(require.resolve('@kusto/language-service-next/package.json', {paths: [process.argv[2]]}));
for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) {
  vm.runInThisContext(fs.readFileSync(path.join(folder, file), 'utf8'), {filename: file});
}
const {Kusto, Bridge} = globalThis;
const {Symbols, Syntax, KustoCode, GlobalState} = Kusto.Language;

const request = JSON.parse(fs.readFileSync(0, 'utf8'));
const tables = Object.entries(request.tables).map(
  ([name, schema]) => Symbols.TableSymbol.From(schema).WithName(name));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('workspace', tables));

const items = (list) => Array.from({length: list.Count}, (_, n) => list.getItem(n));

function words(code) {
  const found = {operators: [], functions: [], words: []};
  Syntax.SyntaxElement.WalkNodes(code.Syntax, (node) => {
    const type = Bridge.getTypeName(node).split('.').pop();
    const first = node.GetFirstToken() ? node.GetFirstToken().Text : '';
    if (/^(InExpression|HasAnyExpression|HasAllExpression|BetweenExpression|BinaryExpression)$/.test(type)) {
      if (/[a-z]/.test(node.Operator.Text)) found.words.push(node.Operator.Text);
    } else if (type === 'FunctionCallExpression') {
      found.functions.push(node.Name.SimpleName);
    } else if (/Operator$/.test(type) && Bridge.is(node, Syntax.QueryOperator)) {
      found.operators.push(first);
    }
  });
  return found;
}

process.stdout.write(JSON.stringify(request.queries.map((text) => {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const result = code.ResultType;
  return {
    diagnostics: items(code.GetDiagnostics()).map((one) => `${one.Code}: ${one.Message}`),
    columns: result && result.Columns ? items(result.Columns).map((one) => `${one.Name}:${one.Type.Name}`) : [],
    ...words(code),
  };
})));

-- From here on a message names the plan whose words it uses, and a command says whether it was told too late. A version
-- that knows neither would give such messages up: this number keeps it from opening the file.
-- A command that is repeated is compared with what was answered before, in the form in which that is written now.
UPDATE answer SET body = replace(body, ', ''qualified'': True', '');
UPDATE answer SET body = replace(body, ''', (), {', ''', [], {');
UPDATE answer SET body = replace(body, '''states'': {}', '''states'': mappingproxy({})');

"""The texts of the page in Portuguese, by their English ones."""

from typing import Final

from pages.ui.portuguese_dashboards import OF_DASHBOARDS, OF_TEMPLATES
from pages.ui.portuguese_people import OF_PEOPLE
from pages.ui.portuguese_sharing import OF_SHARING

PORTUGUESE: Final[dict[str, str]] = {
    # One dashboard
    "Your changes are only in this tab, do not close it: {why}": "Suas alterações só estão nesta"
    " aba, não a feche: {why}",
    "A widget is a number, a chart or a table that answers one question.": "Um widget é um número,"
    " um gráfico ou uma tabela que responde a uma pergunta.",
    "Add a widget": "Adicionar widget",
    "Add the first widget": "Adicionar o primeiro widget",
    "All dashboards": "Todos os painéis",
    "Arrow keys move it, with Shift they change its size.": "As setas movem; com Shift mudam o"
    " tamanho.",
    "Changes are not saved yet.": "Há alterações por salvar.",
    "Column {x}, row {y}, {w} wide, {h} high": "Coluna {x}, linha {y}, {w} de largura, {h} de"
    " altura",
    "Continue": "Continuar",
    "Discard": "Descartar",
    "Done": "Concluir",
    "Edit": "Editar",
    "Fill the screen": "Encher a tela",
    "Full screen": "Tela cheia",
    "Go on editing": "Continuar a editar",
    "Leave full screen": "Sair da tela cheia",
    "Look at theirs": "Ver o da outra pessoa",
    "Menu of {title}": "Menu de {title}",
    "Name and description": "Nome e descrição",
    "No changes yet.": "Ainda sem alterações.",
    "No events match.": "Nenhum evento corresponde.",
    "Nothing is on this dashboard yet": "Este painel ainda está vazio",
    "Off": "Não",
    "Only events of this type": "Só eventos deste tipo",
    "Only {name}": "Só {name}",
    "Own": "Próprio",
    "Redo": "Refazer",
    "Refresh": "Atualizar",
    "Remove": "Remover",
    "Save or undo your changes first.": "Salve ou desfaça suas alterações antes.",
    "What you changed and did not save is still here.": "O que você alterou e não salvou ainda está"
    " aqui.",
    "Save mine as a copy": "Salvar o meu como cópia",
    "Save them, throw them away, or go on editing.": "Salve, descarte ou continue a editar.",
    "Saved": "Salvo",
    "Show all event types again": "Mostrar de novo todos os tipos de evento",
    "Somebody else saved this dashboard": "Outra pessoa salvou este painel",
    "There is no such dashboard in this brand. It may be another brand's, or somebody deleted"
    " it.": "Não há tal painel nesta marca. Pode ser de outra marca, ou alguém o apagou.",
    "This widget is about other event types than the chosen one.": "Este widget trata de outros"
    " tipos de evento.",
    "Throw away": "Descartar",
    "Throw mine away": "Descartar o meu",
    "Time range": "Período",
    "Undo": "Desfazer",
    "Untitled": "Sem título",
    "Updated {age}": "Atualizado {age}",
    "View": "Vista",
    "You have changes from {time} UTC that are not saved.": "Há alterações de {time} UTC que não"
    " foram salvas.",
    "Your changes are not saved": "As alterações não foram salvas",
    "brand {brand}": "marca {brand}",
    "one of {choices}": "um de {choices}",
    "the name of an event type": "o nome de um tipo de evento",
    "{days} d": "{days} d",
    "{n} min": "{n} min",
    "{title} (copy)": "{title} (cópia)",
    "{who} saved version {number} on {day} at {time} UTC, after you began. Nothing was"
    " overwritten: what you changed is still here.": "{who} salvou a versão {number} em {day} às"
    " {time} UTC, depois de você começar. Nada foi sobrescrito: o que você mudou ainda está"
    " aqui.",
    # The frame
    "Explore": "Explorar",
    "Data": "Dados",
    "Brand and catalog": "Marca e catálogo",
    "Workspace": "Espaço de trabalho",
    "Brand": "Marca",
    "Catalog": "Catálogo",
    "Setting up a demo shop": "Preparando uma loja de demonstração",
    "A year of events, made on this computer …": "Um ano de eventos, feito neste computador …",
    "The demo shop could not be made: {why}": "A loja de demonstração não pôde ser criada: {why}",
    # The address
    "The link asked for {name} {asked}, which does not exist or is not open to you."
    " Showing {shown}.": "O link pediu {name} {asked}, que não existe ou não está aberto a você."
    " Mostrando {shown}.",
    "The link asked for {name} = {asked}.": "O link pediu {name} = {asked}.",
    "The control shows what is used in its place.": "O controle mostra o que é usado no lugar.",
    "It has to be {rule}.": "Tem de ser {rule}.",
    # The fields of a request
    "Event types": "Tipos de evento",
    "Count only these types of event; leave it empty for all of them.": "Conta só estes tipos de"
    " evento; deixe vazio para contar todos.",
    "Group by": "Agrupar por",
    "What splits events into rows: time, type, session, product or any metadata key.": "O que"
    " divide os eventos em linhas: tempo, tipo, sessão, produto ou qualquer chave de metadados.",
    "Aggregation": "Agregação",
    "Events, distinct sessions, or the sum or average of a number the events carry.": "Eventos,"
    " sessões distintas, ou a soma ou média de um número que os eventos trazem.",
    "Value field": "Campo de valor",
    "The number to add up or average. Needed for sum and avg, ignored otherwise.": "O número a"
    " somar ou calcular a média. Necessário para soma e média, ignorado nos outros casos.",
    "Time window (days)": "Janela de tempo (dias)",
    "How many times 24 hours to look back from now.": "Quantas vezes 24 horas olhar para trás a"
    " partir de agora.",
    "Limit": "Limite",
    "At most this many rows: the latest for time, the largest otherwise.": "No máximo este número"
    " de linhas: as mais recentes no tempo, as maiores nos outros casos.",
    # The controls
    "All event types": "Todos os tipos de evento",
    "Choose a number": "Escolha um número",
    "The last {days} times 24 hours": "As últimas {days} vezes 24 horas",
    "No event has {name}.": "Nenhum evento tem {name}.",
    "Did you mean:": "Você quis dizer:",
    "{n} event": "{n} evento",
    "{n} events": "{n} eventos",
    "{n} value": "{n} valor",
    "{n} values": "{n} valores",
    "Total": "Total",
    "Event type": "Tipo de evento",
    "Session": "Sessão",
    "Day": "Dia",
    "Hour": "Hora",
    "Product": "Produto",
    "Count of events": "Contagem de eventos",
    "Distinct sessions": "Sessões distintas",
    "Sum": "Soma",
    "Average": "Média",
    # How it is drawn
    "Chart type": "Tipo de gráfico",
    "Auto": "Auto",
    "Counter": "Contador",
    "Time series": "Série temporal",
    "Bars": "Barras",
    "Funnel": "Funil",
    "Top N": "Top N",
    "Table": "Tabela",
    "Display": "Exibição",
    "Download": "Baixar",
    "Look": "Aparência",
    "Line": "Linha",
    "Area": "Área",
    "Columns": "Colunas",
    "Hours of the week": "Horas da semana",
    "Donut": "Rosca",
    "Number format": "Formato dos números",
    "Percent: of the total; an average as a share of 1.": "Porcentagem: do total; uma média como"
    " parte de 1.",
    "Compare with the window before": "Comparar com a janela anterior",
    "The same span of time, up to where this window begins.": "O mesmo intervalo de tempo, até"
    " onde esta janela começa.",
    "Goal": "Meta",
    "None": "Nenhuma",
    "A line at this value.": "Uma linha neste valor.",
    # The answer
    "Events": "Eventos",
    "Sessions": "Sessões",
    "Numbers used": "Números usados",
    "Sum of {field}": "Soma de {field}",
    "Average of {field}": "Média de {field}",
    "{value} by {group}": "{value} por {group}",
    "(none)": "(nenhum)",
    "all event types": "todos os tipos de evento",
    "{types} · last {days} day · UTC": "{types} · último dia · UTC",
    "{types} · last {days} days · UTC": "{types} · últimos {days} dias · UTC",
    "{title}, last {days} days: {rows} row": "{title}, últimos {days} dias: {rows} linha",
    "{title}, last {days} days: {rows} rows": "{title}, últimos {days} dias: {rows} linhas",
    ", the largest is {key} with {value}.": ", a maior é {key} com {value}.",
    "partial: {share} of it": "parcial: {share}",
    "{n} other": "{n} outro",
    "{n} others": "{n} outros",
    "Before": "Antes",
    "{value} in the window before": "{value} na janela anterior",
    "The dashed line is the window before.": "A linha tracejada é a janela anterior.",
    "The marks are the window before.": "As marcas são a janela anterior.",
    "{share} of the goal of {goal}": "{share} da meta de {goal}",
    "Mon": "seg",
    "Tue": "ter",
    "Wed": "qua",
    "Thu": "qui",
    "Fri": "sex",
    "Sat": "sáb",
    "Sun": "dom",
    # What has to be said of it
    "rows": "linhas",
    "event types": "tipos de evento",
    "sessions": "sessões",
    "days": "dias",
    "hours": "horas",
    "products": "produtos",
    "values of {key}": "valores de {key}",
    "{shown} of {all} {things}: the latest": "{shown} de {all} {things}: os mais recentes",
    "{shown} of {all} {things}: the largest": "{shown} de {all} {things}: os maiores",
    "All {all} {things}": "{all} {things} ao todo",
    "limit {limit}": "limite {limit}",
    "{start} to {end} UTC": "{start} a {end} UTC",
    "covers {parts}": "cobre {parts}",
    " and ": " e ",
    "{share} of the first day": "{share} do primeiro dia",
    "{share} of the last day": "{share} do último dia",
    "{share} of the first hour": "{share} da primeira hora",
    "{share} of the last hour": "{share} da última hora",
    "the first {n} in the chart": "os primeiros {n} no gráfico",
    "Computed {age}, in {ms} ms": "Calculado {age}, em {ms} ms",
    "kept for a minute": "guardado por um minuto",
    "data {version}": "dados {version}",
    "{span} ago": "há {span}",
    "{span} ahead": "daqui a {span}",
    "{days} days": "{days} dias",
    "Each field is the mean of its hours in the window.": "Cada campo é a média das suas horas na"
    " janela.",
    "— stands where there is no number to add up or average.": "— está onde não há número para"
    " somar ou calcular a média.",
    # Whether it adds up, and how it came about
    "{shown} shown + {other} not shown = {total}": "{shown} mostrados + {other} não mostrados"
    " = {total}",
    "It adds up: {sums} ({name}).": "A conta fecha: {sums} ({name}).",
    "{sums} by group, of {distinct} distinct sessions: {overlap} times a session is in one more"
    " group.": "{sums} por grupo, de {distinct} sessões distintas: {overlap} vezes uma sessão está"
    " em mais um grupo.",
    "Averages do not add up; their numbers do: {sums}, of {numbers} numbers, {mean} on"
    " average.": "Médias não se somam; os seus números sim: {sums}, de {numbers} números, {mean} em"
    " média.",
    "Events have come in since; these numbers have them already.": "Chegaram eventos desde então;"
    " estes números já os contam.",
    "How was this computed?": "Como isto foi calculado?",
    "Events of the brand in the window": "Eventos da marca na janela",
    "of catalog {catalog}": "do catálogo {catalog}",
    "of the types {types}": "dos tipos {types}",
    "with a number in {field}": "com um número em {field}",
    "skipped, for they have none": "ignorados, por não terem nenhum",
    "Rows that these make": "Linhas que deles resultam",
    "Rows that are shown": "Linhas mostradas",
    "What": "O quê",
    "How many": "Quantos",
    "Read from": "Lido de",
    "From": "De",
    "To": "Até",
    "Not used": "Não usado",
    "events of the lake": "eventos do lake",
    "The cluster reads the events: {share} done": "O cluster lê os eventos: {share} lidos",
    "events of the lake, on the cluster": "eventos do lake, no cluster",
    "events of one day, kept in memory": "eventos de um dia, mantidos na memória",
    "rollups of days": "rollups de dias",
    "rollups of months": "rollups de meses",
    # Nothing to show
    "No events match. Try a longer time window, or fewer event types.": "Nenhum evento corresponde."
    " Tente uma janela de tempo maior, ou menos tipos de evento.",
    "Look at {days} days": "Ver {days} dias",
    "No events": "Nenhum evento",
    "There are no events yet. Import a file on the page Data, or load one with "
    "`python -m engine.ingest FILE --workspace ws_shop --brand UUID`.": "Ainda não há eventos."
    " Importe um arquivo na página Dados, ou carregue um com"
    " `python -m engine.ingest FILE --workspace ws_shop --brand UUID`.",
    "Import a file": "Importar um arquivo",
    "Correct what is marked, and the chart is here.": "Corrija o que está marcado, e o gráfico"
    " aparece aqui.",
    # Beneath
    "Rows": "Linhas",
    "The rows of the chart": "As linhas do gráfico",
    "One click away": "A um clique",
    "Paste": "Colar",
    "Paste JSON, cURL, Python or SQL": "Cole JSON, cURL, Python ou SQL",
    "The controls then ask what it asks.": "Os controles passam a perguntar o mesmo.",
    "Use it": "Usar",
    "Only this type": "Só este tipo",
    "Close": "Fechar",
    "The newest events of this row, at most {count}": "Os eventos mais recentes desta linha, no"
    " máximo {count}",
    "Look behind a row": "Ver os eventos de uma linha",
    "Choose a row": "Escolha uma linha",
    **OF_DASHBOARDS,
    **OF_TEMPLATES,
    **OF_PEOPLE,
    **OF_SHARING,
}

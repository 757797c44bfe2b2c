"""The texts of the list of dashboards, of the drawer and of the templates, in Portuguese."""

from typing import Final

OF_DASHBOARDS: Final[dict[str, str]] = {
    # The list
    "Dashboards": "Painéis",
    "Dashboard": "Painel",
    "Search": "Buscar",
    "Search by name or description": "Buscar por nome ou descrição",
    "Cards": "Cartões",
    "Import": "Importar",
    "New dashboard": "Novo painel",
    "Show more": "Mostrar mais",
    "Show all": "Mostrar todos",
    "No dashboard has {words} in its name or description.": "Nenhum painel tem {words} no nome ou"
    " na descrição.",
    "No description": "Sem descrição",
    "{n} widget": "{n} widget",
    "{n} widgets": "{n} widgets",
    "changed {age}": "alterado {age}",
    "Make {name} a favourite": "Marcar {name} como favorito",
    "{name} is a favourite: let it be none": "{name} é favorito: desmarcar",
    "More for {name}": "Mais para {name}",
    "This brand has no dashboards yet. Begin with a template below, with an empty one, or save a"
    " chart of Explore.": "Esta marca ainda não tem painéis. Comece com um modelo abaixo, com um"
    " painel vazio, ou salve um gráfico de Explorar.",
    "This brand has no dashboards yet. Somebody who may save them can make one.": "Esta marca ainda"
    " não tem painéis. Quem pode salvá-los pode criar um.",
    "There are no events yet. Import a file, and dashboards can show what is in it.": "Ainda não há"
    " eventos. Importe um arquivo, e os painéis podem mostrar o que há nele.",
    # What can be done with one
    "Rename": "Renomear",
    "Duplicate": "Duplicar",
    "Revisions": "Revisões",
    "Export": "Exportar",
    "Move to the trash": "Mover para a lixeira",
    "{name} was made.": "{name} foi criado.",
    "{name} is in the trash.": "{name} está na lixeira.",
    "Apply": "Aplicar",
    "Cancel": "Cancelar",
    "Format": "Formato",
    "What it asks and how it is drawn; no events. It can be kept in git.": "O que pergunta e como é"
    " desenhado; nenhum evento. Pode ser guardado no git.",
    # A new one
    "Begin with a template": "Comece com um modelo",
    "Begin with": "Começar com",
    "Nothing": "Nada",
    "An empty dashboard, to which you add widgets.": "Um painel vazio, ao qual você adiciona"
    " widgets.",
    "Name": "Nome",
    "Weekly sales": "Vendas da semana",
    "Slug": "Slug",
    "Its name in files and for programs; it never changes.": "O seu nome em arquivos e para"
    " programas; nunca muda.",
    "Description": "Descrição",
    "Create": "Criar",
    # From a file
    "Import a dashboard": "Importar um painel",
    "A file that an export made": "Um arquivo feito por uma exportação",
    "The file cannot be imported as it is:": "O arquivo não pode ser importado como está:",
    "{n} more": "mais {n}",
    # The trash
    "Trash ({n})": "Lixeira ({n})",
    "Dashboards stay here for 30 days.": "Os painéis ficam aqui por 30 dias.",
    "Restore": "Restaurar",
    "Delete for ever": "Apagar para sempre",
    "Delete {name} for ever?": "Apagar {name} para sempre?",
    "Its widgets and all its revisions go with it. Nobody can bring it back.": "Os widgets e todas"
    " as revisões vão junto. Ninguém pode trazê-lo de volta.",
    # Revisions
    "Version {n}, {at}": "Versão {n}, {at}",
    "Versions, the latest first": "Versões, a mais recente primeiro",
    "The first version that is kept.": "A primeira versão guardada.",
    "Added: {titles}": "Adicionado: {titles}",
    "Removed: {titles}": "Removido: {titles}",
    "Changed: {titles}": "Alterado: {titles}",
    "Moved: {titles}": "Movido: {titles}",
    "Renamed from {name}": "Antes se chamava {name}",
    "Another description": "Outra descrição",
    "Nothing that can be seen": "Nada que se veja",
    "A widget without a title": "Um widget sem título",
    "This is what the dashboard is now.": "É assim que o painel está agora.",
    "Restore this version": "Restaurar esta versão",
    "A new version; what is there now stays among the revisions.": "Uma nova versão; o que está"
    " agora fica entre as revisões.",
    # The drawer
    "New widget": "Novo widget",
    "Edit the widget": "Editar o widget",
    "Title": "Título",
    "Until you type one, it says what is asked.": "Até você digitar um, diz o que é perguntado.",
    "Add to the dashboard": "Adicionar ao painel",
    # From Explore
    "Save to a dashboard": "Salvar em um painel",
    "A new dashboard": "Um novo painel",
    "Name of the new dashboard": "Nome do novo painel",
    "Title of the widget": "Título do widget",
    "Save": "Salvar",
    "The widget is on {name}.": "O widget está em {name}.",
    "The widget is among your edits of {name}, which are not saved yet.": (
        "O widget está entre as suas edições de {name}, que ainda não foram salvas."
    ),
    "Open {name}": "Abrir {name}",
}

OF_TEMPLATES: Final[dict[str, str]] = {
    "Shop overview": "Visão geral da loja",
    "What came in, what was sold and to whom, over the last 30 days.": "O que entrou, o que foi"
    " vendido e a quem, nos últimos 30 dias.",
    "Revenue": "Receita",
    "Average order": "Ticket médio",
    "Revenue by day": "Receita por dia",
    "Events by type": "Eventos por tipo",
    "From view to purchase": "Da visita à compra",
    "Events by hour": "Eventos por hora",
    "Top products": "Top produtos",
    "Sessions by day": "Sessões por dia",
    "Revenue by type": "Receita por tipo",
    "Revenue by country": "Receita por país",
    "Purchase funnel": "Funil de compra",
    "Where sessions go on to buy, and where they stop.": "Onde as sessões seguem até a compra, e"
    " onde param.",
    "Sessions with a view": "Sessões com visita",
    "Sessions with a cart": "Sessões com carrinho",
    "Sessions at the checkout": "Sessões no checkout",
    "Sessions that bought": "Sessões que compraram",
    "From view to purchase, in sessions": "Da visita à compra, em sessões",
    "Purchases by day": "Compras por dia",
    "Purchases by channel": "Compras por canal",
    "Purchases by device": "Compras por dispositivo",
    "How it was paid": "Como foi pago",
    "Purchases by variant of the test": "Compras por variante do teste",
    "Carts by category": "Carrinhos por categoria",
    "When people buy": "Quando as pessoas compram",
    "Agent performance": "Desempenho dos agentes",
    "What the shopping agents showed, put into carts and sold, and how they answer.": "O que os"
    " agentes de compra mostraram, puseram em carrinhos e venderam, e como respondem.",
    "Products shown": "Produtos mostrados",
    "Put into carts": "Postos em carrinhos",
    "Purchases": "Compras",
    "Revenue of the agents by day": "Receita dos agentes por dia",
    "From shown to bought": "De mostrado a comprado",
    "What they sell, by category": "O que vendem, por categoria",
    "Average order by channel": "Ticket médio por canal",
    "What they sell most": "O que mais vendem",
    "Messages by day": "Mensagens por dia",
    "Score of the answers by day": "Nota das respostas por dia",
    "Milliseconds to an answer by day": "Milissegundos até a resposta por dia",
    "Product performance": "Desempenho dos produtos",
    "What is looked at, bought, searched for, rated and sent back.": "O que é visto, comprado,"
    " buscado, avaliado e devolvido.",
    "Product views": "Visitas a produtos",
    "Units sold": "Unidades vendidas",
    "Average rating": "Avaliação média",
    "Most revenue": "Maior receita",
    "Most viewed": "Mais vistos",
    "Most wished for": "Mais desejados",
    "Revenue by category": "Receita por categoria",
    "Revenue by maker": "Receita por fabricante",
    "Rating by category": "Avaliação por categoria",
    "Sent back, by category": "Devolvidos, por categoria",
    "Searched for": "Buscas",
    "Live, last day": "Ao vivo, último dia",
    "The last 24 hours, beside the 24 before them.": "As últimas 24 horas, ao lado das 24"
    " anteriores.",
    "Revenue by hour": "Receita por hora",
    "Sessions by country": "Sessões por país",
    "Pages": "Páginas",
    "Products looked at": "Produtos vistos",
}

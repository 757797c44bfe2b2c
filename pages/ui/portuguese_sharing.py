"""The texts of share links, in Portuguese."""

from typing import Final

OF_SHARING: Final[dict[str, str]] = {
    # The dialog
    "Share": "Compartilhar",
    "Share {name}": "Compartilhar {name}",
    "Whoever has the link sees these widgets without signing in, read-only.": "Quem tiver o link vê"
    " estes widgets sem entrar, somente leitura.",
    "Whoever has the link sees this widget without signing in, read-only.": "Quem tiver o link vê"
    " este widget sem entrar, somente leitura.",
    "Only catalog {catalog}.": "Só o catálogo {catalog}.",
    "in 1 day": "em 1 dia",
    "They may change the time range": "Podem mudar o período",
    "They may download the rows": "Podem baixar as linhas",
    "Show it inside another site": "Mostrar dentro de outro site",
    "Sites, one in a line": "Sites, um por linha",
    "Only these may frame it; without any, nobody may.": "Só estes podem incorporá-lo; sem nenhum,"
    " ninguém pode.",
    "Make a link": "Criar um link",
    "Copy the address now: nobody can see it again.": "Copie o endereço agora: ninguém o verá de"
    " novo.",
    "Links of this dashboard": "Links deste painel",
    "Public by link": "Público por link",
    "Whoever has one of its links sees it without signing in.": "Quem tiver um dos seus links o vê"
    " sem entrar.",
    "Frozen copy": "Cópia congelada",
    "One HTML file with these numbers as they are now, to send or to keep. It needs no server, and"
    " nothing takes it back.": "Um arquivo HTML com estes números como estão agora, para enviar ou"
    " guardar. Não precisa de servidor, e nada o traz de volta.",
    "Download the copy": "Baixar a cópia",
    # Their list
    "Share links": "Links compartilhados",
    "Nothing is shared by link yet.": "Nada é compartilhado por link ainda.",
    "A deleted dashboard": "Um painel excluído",
    "A widget of {name}": "Um widget de {name}",
    "All widgets": "Todos os widgets",
    "It was ended": "Foi encerrado",
    "It is over": "Expirou",
    "It opens nothing: what it showed is gone, or its maker may not share it any more": "Não abre"
    " nada: o que mostrava não existe mais, ou quem o criou não pode mais compartilhar",
    "without an end": "sem fim",
    "not used yet": "ainda não usado",
    "used last {at}": "último uso {at}",
    "time range": "período",
    "downloads": "downloads",
    "by {who}": "por {who}",
    "End it": "Encerrar",
    "The link is closed everywhere.": "O link está fechado em todo lugar.",
    # What they show
    "Shared": "Compartilhado",
    "read-only": "somente leitura",
    "This cannot be shown now": "Isto não pode ser mostrado agora",
    "This link shows nothing": "Este link não mostra nada",
    "It has ended, or its address is not complete. Ask who gave it to you.": "Ele foi encerrado, ou"
    " o endereço está incompleto. Pergunte a quem o deu a você.",
}

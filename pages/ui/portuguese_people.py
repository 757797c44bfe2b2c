"""The texts of the sign-in, the account's menu and the Admin page, in Portuguese."""

from typing import Final

OF_PEOPLE: Final[dict[str, str]] = {
    # The door
    "Sign in": "Entrar",
    "E-mail": "E-mail",
    "Password": "Senha",
    "This browser keeps no cookies; allow them for this site and load it again.": "Este navegador"
    " não guarda cookies; permita-os para este site e carregue-o de novo.",
    "That way in was used or has expired, or the browser keeps no cookies.": "Essa entrada foi"
    " usada ou expirou, ou o navegador não guarda cookies.",
    "The sign-in at the provider was not finished, or its answer was not accepted.": "A entrada no"
    " provedor não foi concluída, ou a resposta dele não foi aceita.",
    "Sign in with {name}": "Entrar com {name}",
    "single sign-on": "login único",
    "Use another account": "Usar outra conta",
    "Make the first owner": "Criar o primeiro proprietário",
    "This link was used or has expired. Start the server anew for another.": "Este link foi usado"
    " ou expirou. Reinicie o servidor para ter outro.",
    "ws_ and a-z, 0-9": "ws_ e a-z, 0-9",
    "Make the account": "Criar a conta",
    "Welcome": "Boas-vindas",
    "This invitation was used or has expired. Ask an admin for another.": "Este convite foi usado"
    " ou expirou. Peça outro a um administrador.",
    "Choose this password": "Escolher esta senha",
    "New password": "Nova senha",
    "At least 10 characters.": "Pelo menos 10 caracteres.",
    "Your role does not open this page. Ask an owner or admin.": "Seu papel não abre esta página."
    " Peça a um proprietário ou administrador.",
    "You are signed in as {name}, but a member of no workspace. Ask an admin.": "Você entrou como"
    " {name}, mas não é membro de nenhum espaço de trabalho. Peça a um administrador.",
    # The account's menu
    "Present password": "Senha atual",
    "Change password": "Mudar a senha",
    "Sign out": "Sair",
    # The Admin page
    "Admin": "Administração",
    "Demo mode: whoever reaches this computer is the owner of everything. Make the first account,"
    " and everybody has to sign in.": "Modo de demonstração: quem alcança este computador é"
    " proprietário de tudo. Crie a primeira conta, e todos terão de entrar.",
    "Members": "Membros",
    "Brands": "Marcas",
    "API keys": "Chaves de API",
    "Audit log": "Registro de auditoria",
    "Add a member": "Adicionar um membro",
    "Role": "Papel",
    "Role of {name}": "Papel de {name}",
    "all of them": "todas",
    "An editor or viewer may be of some brands only.": "Um editor ou leitor pode ser de algumas"
    " marcas apenas.",
    "Add": "Adicionar",
    "{name} is a member.": "{name} é membro.",
    "Give them this link, with which they choose a password. It is good for 7 days, once.": ""
    "Dê-lhes este link, com o qual escolhem uma senha. Vale por 7 dias, uma vez.",
    "invited": "convidado",
    "disabled": "desativado",
    "brands: {n}": "marcas: {n}",
    "More": "Mais",
    "Remove": "Remover",
    "Disable": "Desativar",
    "Let in again": "Deixar entrar de novo",
    "Invite again": "Convidar de novo",
    "Name": "Nome",
    "Name a brand": "Dar nome a uma marca",
    "Save": "Salvar",
    "Copy the key now: nobody can see it again.": "Copie a chave agora: ninguém a verá de novo.",
    "Make a key": "Criar uma chave",
    "What it is for.": "Para que serve.",
    "Expires": "Expira",
    "never": "nunca",
    "in {n} days": "em {n} dias",
    "Make": "Criar",
    "Revoke": "Revogar",
    "revoked": "revogada",
    "expired": "expirada",
    "until {day}": "até {day}",
    "never used": "nunca usada",
    "last used {at}": "último uso {at}",
    "When (UTC)": "Quando (UTC)",
    "Who": "Quem",
    "What": "O quê",
    "Whom or what": "A quem ou a quê",
    "From": "De onde",
    "Nothing was done yet.": "Nada foi feito ainda.",
}

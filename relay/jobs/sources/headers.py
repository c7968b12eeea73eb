"""What the header of a CSV file calls each column: in the languages of the popups, else as [jobs.columns] says.

Given a header's words it returns a column's name; it opens no file. Source: PaperCut Print Logger's columns, PaperCut's
reports, one site's tool ("Charged Cost"); headers in the server's language were seen in Spanish, the other languages
are translations.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# British and American English, then de, fr, es, it, nl, pt, pl, bg; case and accents do not matter.
_HEADERS = {
    "day": "Date, Day, Datum, Fecha, Data, Дата",
    "time": (
        "Time, Date Time, Date and time, Usage date, Job date, Print date, Timestamp, "
        "Zeit, Uhrzeit, Zeitpunkt, Datum und Uhrzeit, Datum/Uhrzeit, Heure, Date et heure, Date/Heure, Hora, "
        "Fecha y hora, Fecha/Hora, Ora, Data e ora, Data/Ora, Orario, Tijd, Tijdstip, Datum en tijd, Datum/tijd, "
        "Data e hora, Data/Hora, Czas, Godzina, Data i godzina, Data i czas, Час, Време, Дата и час, Дата/час"
    ),
    "user": (
        "User, Username, User name, Login, Used by, Benutzer, Benutzername, Nutzer, Anwender, Utilisateur, "
        "Nom d'utilisateur, Usuario, Nombre de usuario, Utente, Nome utente, Gebruiker, Gebruikersnaam, Utilizador, "
        "Nome de utilizador, Nome do utilizador, Nome de usuário, Nome do usuário, Użytkownik, Nazwa użytkownika, "
        "Потребител, Потребителско име, Име на потребител, Име на потребителя"
    ),
    "pages": (
        "Pages, Page count, Pages per copy, Seiten, Seitenzahl, Anzahl Seiten, Nombre de pages, Páginas, "
        "Número de páginas, Pagine, Numero di pagine, Pagina's, Aantal pagina's, Strony, Liczba stron, "
        "Страници, Брой страници"
    ),
    "total_pages": (
        "Total pages, Total printed pages, Printed pages, Gesamtseiten, Seiten gesamt, Gesamtseitenzahl, "
        "Gedruckte Seiten, Total des pages, Nombre total de pages, Pages imprimées, Total de páginas, "
        "Páginas totales, Páginas impresas, Totale pagine, Pagine totali, Pagine stampate, Totaal pagina's, "
        "Totaal aantal pagina's, Afgedrukte pagina's, Páginas impressas, Łączna liczba stron, Suma stron, "
        "Wydrukowane strony, Общо страници, Общ брой страници, Отпечатани страници"
    ),
    "colour": (
        "Color pages, Colour pages, Total color pages, Total colour pages, Farbseiten, Pages couleur, "
        "Pages en couleur, Páginas en color, Páginas a color, Pagine a colori, Kleurenpagina's, Páginas a cores, "
        "Páginas coloridas, Strony kolorowe, Цветни страници"
    ),
    "copies": (
        "Copies, Number of copies, Kopien, Anzahl Kopien, Exemplare, Nombre de copies, Exemplaires, Copias, "
        "Número de copias, Copie, Numero di copie, Kopieën, Aantal kopieën, Exemplaren, Cópias, Número de cópias, "
        "Kopie, Liczba kopii, Копия, Брой копия"
    ),
    "server": (
        "Server, Server name, Print server, Druckserver, Servername, Serveur, Serveur d'impression, Servidor, "
        "Servidor de impresión, Server di stampa, Printserver, Servidor de impressão, Serwer, Serwer wydruku, Сървър"
    ),
    "printer": (
        "Printer, Printer name, Queue, Device, Drucker, Druckername, Imprimante, Nom de l'imprimante, Impresora, "
        "Nombre de impresora, Nombre de la impresora, Stampante, Nome stampante, Nome della stampante, Printernaam, "
        "Impressora, Nome da impressora, Drukarka, Nazwa drukarki, Принтер, Име на принтер, Име на принтера"
    ),
    "document": (
        "Document, Document name, Job name, Title, Dokument, Dokumentname, Dokumentenname, Name des Dokuments, "
        "Nom du document, Nom de document, Documento, Nombre del documento, Nombre de documento, Nome documento, "
        "Nome del documento, Documentnaam, Naam document, Nome do documento, Nazwa dokumentu, Документ, "
        "Име на документ, Име на документа"
    ),
    "account": (
        "Account, Account name, Shared account, Charged to, Account charged, Charged account, Konto, Kontoname, "
        "Belastetes Konto, Compte, Nom du compte, Compte facturé, Cuenta, Nombre de cuenta, Nombre de la cuenta, "
        "Nome account, Conto, Rekening, Accountnaam, Conta, Nome da conta, Nazwa konta, Сметка, Акаунт"
    ),
    "duplex": (
        "Duplex, Double sided, Two sided, Beidseitig, Doppelseitig, Recto verso, Doble cara, Fronte retro, "
        "Dubbelzijdig, Frente e verso, Dwustronnie, Dwustronny, Двустранно, Двустранен, Дуплекс"
    ),
    "grayscale": (
        "Grayscale, Greyscale, Gray scale, Grey scale, Mono, Graustufen, Niveaux de gris, Nuances de gris, "
        "Échelle de gris, Escala de grises, Scala di grigi, Grijswaarden, Grijstinten, Escala de cinza, "
        "Escala de cinzentos, Tons de cinza, Skala szarości, Odcienie szarości, Сива скала, Нюанси на сивото"
    ),
    "sheets": "Sheets, Total sheets, Blätter, Feuilles, Hojas, Fogli, Vellen, Bladen, Folhas, Arkusze, Листове, Листа",
    "kind": (
        "Job type, Type, Usage type, Auftragstyp, Auftragsart, Typ, Type de travail, Tipo, Tipo de trabajo, "
        "Tipo di lavoro, Taaktype, Tipo de trabalho, Typ zadania, Тип, Вид"
    ),
    "cost": (
        "Cost, Price, Amount, Charge, Job cost, Usage cost, Total cost, Printing cost, Charged cost, Kosten, Preis, "
        "Betrag, Coût, Prix, Montant, Coste, Costo, Precio, Importe, Prezzo, Importo, Prijs, Bedrag, Custo, Preço, "
        "Valor, Koszt, Cena, Kwota, Цена, Стойност, Сума, Разход"
    ),
    "denied": (
        "Denied, Denied reason, Abgelehnt, Refusé, Denegado, Negato, Geweigerd, Recusado, Negado, Odrzucono, Отказано"
    ),
    "printed": (
        "Printed, Usage allowed, Allowed, Gedruckt, Imprimé, Impreso, Stampato, Afgedrukt, Impresso, Wydrukowano, "
        "Отпечатано"
    ),
    "refunded": (
        "Refunded, Erstattet, Remboursé, Reembolsado, Rimborsato, Terugbetaald, Zwrócono, Възстановено"
    ),
}  # fmt: skip


def plain(header: str) -> str:
    """Return a header in small letters without accents, in words: "Nombre del  Documento" and "NOMBRE DEL DOCUMENTO"
    are one."""
    letters = unicodedata.normalize("NFKD", header.casefold())
    bare = "".join(one for one in letters if not unicodedata.combining(one))
    return re.sub(r"[\W_]+", " ", bare).strip()


_BY_HEADER = {plain(header): column for column, headers in _HEADERS.items() for header in headers.split(", ")}
_IN_CURRENCY = re.compile(r"(.+?)(?: in)? [a-z]{3}")  # "Cost (EUR)"; not "Cost per page", "Cost center"


def column_of(header: str, named: Mapping[str, str]) -> str | None:
    """Return the column that a header names, None for one that tells nothing of a job.

    `named` is [jobs.columns]: the site's own headers with a name that is known here.
    """
    word = plain(header)
    own = {plain(theirs): ours for theirs, ours in named.items()}
    word = plain(own.get(word, word))
    found = _BY_HEADER.get(word)
    priced = _IN_CURRENCY.fullmatch(word)
    if found is None and priced and _BY_HEADER.get(priced[1]) == "cost":
        return "cost"
    return found

import type { ChartAccount } from '#ledger/chart.ts'

/** What an account is called somewhere else. */
export interface OwnAccount {
  readonly code: string
  readonly name: string
}

/** Tools that a merchant can name its accounts for; '' is for all of them. */
export const mappingTargets = ['', 'hledger', 'beancount', 'fec', 'datev', 'quickbooks', 'xero', 'sage'] as const
export type MappingTarget = (typeof mappingTargets)[number]

/** A merchant's own accounts by target and by code of the chart. Plain data, so that an export can keep it. */
export type OwnChart = Readonly<Partial<Record<MappingTarget, Readonly<Record<string, OwnAccount>>>>>

/**
 * Code and name of an account for a tool: the merchant's own for it, else its own for all tools, else what is usual
 * there, else the chart's.
 */
export const mappedAccount = (
  target: MappingTarget,
  own: OwnChart,
  account: Pick<ChartAccount, 'code' | 'name'>,
): OwnAccount =>
  own[target]?.[account.code] ?? own['']?.[account.code] ?? usual[target]?.[account.code] ?? bare(account)

const bare = ({ code, name }: OwnAccount): OwnAccount => ({ code, name })

/** What a tool takes as a code: asked of a merchant's own accounts, held by the defaults. */
export const codeRules: Readonly<Partial<Record<MappingTarget, { pattern: RegExp; message: string }>>> = {
  // Article A47 A-1 LPF: CompteNum begins with three digits of the plan comptable général.
  fec: { pattern: /^\d{3}[0-9A-Za-z]*$/, message: 'must begin with three digits of the plan comptable général' },
  // Sachkontenlänge is 4 to 8 (developer.datev.de, DTVF).
  datev: { pattern: /^\d{4,8}$/, message: 'must be four to eight digits' },
}

/**
 * Plan comptable général (ANC 2014-03). Where it has no account of its own, a subdivision of the nearest one; every
 * code stands for one account of ours, so that nothing is netted on the way.
 */
const fec: Readonly<Record<string, OwnAccount>> = {
  1010: { code: '512100', name: 'Banque' },
  1020: { code: '512200', name: 'Banque, fonds de tiers cantonnés' },
  1110: { code: '467110', name: 'PSP, fonds en attente' },
  1120: { code: '467120', name: 'PSP, fonds disponibles' },
  1130: { code: '467130', name: 'PSP, réserve' },
  1140: { code: '580000', name: 'Virements internes' },
  1150: { code: '467150', name: 'PSP, fonds contestés' },
  1210: { code: '467220', name: 'Marchands débiteurs' },
  1230: { code: '445660', name: 'TVA déductible sur autres biens et services' },
  1390: { code: '472000', name: 'Attente, rapprochement' },
  2010: { code: '467210', name: 'Marchands créditeurs, en attente' },
  2011: { code: '467211', name: 'Marchands créditeurs, disponibles' },
  2020: { code: '467300', name: 'Portefeuilles des utilisateurs' },
  2030: { code: '467310', name: 'Fonds retenus, cagnottes' },
  2031: { code: '467320', name: 'Fonds retenus, additions partagées' },
  2032: { code: '467330', name: 'Fonds retenus, transferts' },
  2040: { code: '467400', name: 'Remboursements à payer' },
  2060: { code: '467500', name: 'Pourboires à reverser' },
  2090: { code: '471000', name: 'Attente, encaissements à identifier' },
  2310: { code: '445710', name: 'TVA collectée' },
  2320: { code: '447000', name: 'Autres impôts et taxes, retenus pour des tiers' },
  3100: { code: '110000', name: 'Report à nouveau' },
  3900: { code: '476000', name: 'Différences de conversion' },
  4010: { code: '706000', name: 'Prestations de services' },
  4020: { code: '708500', name: 'Ports et frais accessoires facturés' },
  4030: { code: '708200', name: 'Commissions et courtages' },
  4040: { code: '768000', name: 'Autres produits financiers' },
  4090: { code: '709600', name: 'Remises et remboursements accordés' },
  4096: { code: '709800', name: 'Remboursements de commissions' },
  5010: { code: '627800', name: 'Frais du prestataire de paiement' },
  5020: { code: '627810', name: 'Frais de contestation' },
  5030: { code: '627820', name: 'Frais de virement' },
  5050: { code: '654000', name: 'Pertes sur impayés' },
  5060: { code: '654100', name: 'Pertes sur créances irrécouvrables' },
  5070: { code: '658100', name: 'Versements à des personnes' },
  5310: { code: '666000', name: 'Pertes et gains de change' },
  5320: { code: '666200', name: 'Écarts de change latents' },
  5390: { code: '658000', name: 'Différences de règlement, arrondis' },
  9010: { code: '802000', name: 'Engagements reçus, autorisations' },
  9011: { code: '809200', name: 'Contrepartie des engagements reçus' },
}

/**
 * DATEV SKR 03, accounts without automatic VAT: the ledger books the VAT itself. Where the Kontenrahmen has none of
 * its own, a free number beside the nearest one. 9010 and 9011 stay: class 9 is for what is only counted.
 */
const datev: Readonly<Record<string, OwnAccount>> = {
  1010: { code: '1200', name: 'Bank' },
  1020: { code: '1210', name: 'Bank, Treuhandkonto' },
  1110: { code: '1361', name: 'Zahlungsdienstleister, ausstehend' },
  1120: { code: '1362', name: 'Zahlungsdienstleister, verfügbar' },
  1130: { code: '1363', name: 'Zahlungsdienstleister, Rücklage' },
  1140: { code: '1360', name: 'Geldtransit' },
  1150: { code: '1364', name: 'Strittige Zahlungen' },
  1210: { code: '1501', name: 'Sonstige Vermögensgegenstände, Händler' },
  1230: { code: '1570', name: 'Abziehbare Vorsteuer' },
  1390: { code: '1365', name: 'Klärungskonto' },
  2010: { code: '1723', name: 'Händlerguthaben, ausstehend' },
  2011: { code: '1724', name: 'Händlerguthaben, verfügbar' },
  2020: { code: '1725', name: 'Guthaben der Nutzer' },
  2030: { code: '1726', name: 'Einbehalten, Geldgeschenke' },
  2031: { code: '1727', name: 'Einbehalten, geteilte Rechnungen' },
  2032: { code: '1728', name: 'Einbehalten, Überweisungen' },
  2040: { code: '1729', name: 'Offene Erstattungen' },
  2060: { code: '1592', name: 'Fremdgeld, Trinkgelder' },
  2090: { code: '1792', name: 'Sonstige Verrechnungskonten (Interimskonto)' },
  2310: { code: '1770', name: 'Umsatzsteuer' },
  2320: { code: '1736', name: 'Verbindlichkeiten aus Steuern und Abgaben' },
  3100: { code: '0860', name: 'Gewinnvortrag vor Verwendung' },
  3900: { code: '1369', name: 'Währungsverrechnung' },
  4010: { code: '8200', name: 'Erlöse' },
  4020: { code: '8201', name: 'Erlöse, Versand' },
  4030: { code: '8510', name: 'Provisionsumsätze' },
  4040: { code: '8202', name: 'Erlöse, Währungsmarge' },
  4090: { code: '8700', name: 'Erlösschmälerungen' },
  4096: { code: '8701', name: 'Erlösschmälerungen, Provisionen' },
  5010: { code: '4970', name: 'Nebenkosten des Geldverkehrs' },
  5020: { code: '4971', name: 'Gebühren für Rückbelastungen' },
  5030: { code: '4972', name: 'Gebühren für Auszahlungen' },
  5050: { code: '4905', name: 'Sonstige Aufwendungen, Rückbelastungen' },
  5060: { code: '2400', name: 'Forderungsverluste' },
  5070: { code: '4906', name: 'Sonstige Aufwendungen, Zahlungen an Personen' },
  5310: { code: '2150', name: 'Aufwendungen aus der Währungsumrechnung' },
  5320: { code: '2151', name: 'Währungsumrechnung, nicht realisiert' },
  5390: { code: '4900', name: 'Rundungsdifferenzen' },
}

/** For the other tools a chart that they create by themselves, with our codes and names. */
const usual: Readonly<Partial<Record<MappingTarget, Readonly<Record<string, OwnAccount>>>>> = { fec, datev }

import { chooseSpeech, type Language } from '#messages/cards/language.ts'
import type { HoldRefusal } from '#native/rules.ts'

/** Why a payment in the chat was not let through, for the person who pressed the button. */
export type Refusal = HoldRefusal | 'incomplete' | 'no_shipping'

export const refusalWords = (reason: Refusal, locale: string | undefined): string =>
  words[chooseSpeech(locale ?? null).language][reason]

const words: Readonly<Record<Language, Readonly<Record<Refusal, string>>>> = {
  en: {
    unknown: 'This request is not valid any more. Please ask the shop for a new one.',
    wrong_payer: 'This request is for somebody else. Please ask the shop for one of your own.',
    paid: 'This has been paid already. Nothing was charged.',
    being_paid: 'Somebody is paying this right now. Please try again in a few minutes.',
    canceled: 'This request was canceled. Nothing was charged.',
    expired: 'This request has expired. Please ask the shop for a new one.',
    amount_changed: 'The amount has changed. Please ask the shop for a new request.',
    not_payable: 'This cannot be paid here at the moment. Please contact the shop.',
    busy: 'That took too long and nothing was charged. Please try again in a minute.',
    incomplete: 'This order cannot be paid yet. Please open it and check its details.',
    no_shipping: 'The shop does not deliver to this address.',
  },
  fr: {
    unknown: 'Cette demande n’est plus valable. Demandez-en une nouvelle à la boutique.',
    wrong_payer: 'Cette demande est destinée à une autre personne. Demandez la vôtre à la boutique.',
    paid: 'C’est déjà payé. Rien n’a été débité.',
    being_paid: 'Quelqu’un est en train de payer. Réessayez dans quelques minutes.',
    canceled: 'Cette demande a été annulée. Rien n’a été débité.',
    expired: 'Cette demande a expiré. Demandez-en une nouvelle à la boutique.',
    amount_changed: 'Le montant a changé. Demandez une nouvelle demande de paiement à la boutique.',
    not_payable: 'Ce paiement n’est pas possible ici pour le moment. Contactez la boutique.',
    busy: 'Cela a pris trop de temps et rien n’a été débité. Réessayez dans une minute.',
    incomplete: 'Cette commande ne peut pas encore être payée. Ouvrez-la et vérifiez les informations.',
    no_shipping: 'La boutique ne livre pas à cette adresse.',
  },
  'zh-Hans': {
    unknown: '此付款请求已失效，请向商家索取新的请求。',
    wrong_payer: '此付款请求是发给别人的，请向商家索取您自己的请求。',
    paid: '此款项已支付，未重复扣款。',
    being_paid: '有人正在支付此款项，请几分钟后再试。',
    canceled: '此付款请求已取消，未扣款。',
    expired: '此付款请求已过期，请向商家索取新的请求。',
    amount_changed: '金额已变更，请向商家索取新的付款请求。',
    not_payable: '目前无法在此支付，请联系商家。',
    busy: '处理超时，未扣款。请稍后再试。',
    incomplete: '此订单暂时无法支付，请打开订单检查信息。',
    no_shipping: '商家不配送到此地址。',
  },
  es: {
    unknown: 'Esta solicitud ya no es válida. Pide una nueva a la tienda.',
    wrong_payer: 'Esta solicitud es para otra persona. Pide la tuya a la tienda.',
    paid: 'Ya está pagado. No se ha cobrado nada.',
    being_paid: 'Alguien lo está pagando ahora mismo. Vuelve a intentarlo en unos minutos.',
    canceled: 'Esta solicitud se canceló. No se ha cobrado nada.',
    expired: 'Esta solicitud ha caducado. Pide una nueva a la tienda.',
    amount_changed: 'El importe ha cambiado. Pide una nueva solicitud a la tienda.',
    not_payable: 'Ahora mismo no se puede pagar aquí. Contacta con la tienda.',
    busy: 'Ha tardado demasiado y no se ha cobrado nada. Vuelve a intentarlo en un minuto.',
    incomplete: 'Este pedido aún no se puede pagar. Ábrelo y revisa los datos.',
    no_shipping: 'La tienda no envía a esta dirección.',
  },
  'pt-BR': {
    unknown: 'Este pedido de pagamento não é mais válido. Peça um novo à loja.',
    wrong_payer: 'Este pedido de pagamento é para outra pessoa. Peça o seu à loja.',
    paid: 'Isto já foi pago. Nada foi cobrado.',
    being_paid: 'Alguém está pagando agora. Tente de novo em alguns minutos.',
    canceled: 'Este pedido de pagamento foi cancelado. Nada foi cobrado.',
    expired: 'Este pedido de pagamento expirou. Peça um novo à loja.',
    amount_changed: 'O valor mudou. Peça um novo pedido de pagamento à loja.',
    not_payable: 'Não é possível pagar aqui no momento. Fale com a loja.',
    busy: 'Demorou demais e nada foi cobrado. Tente de novo em um minuto.',
    incomplete: 'Este pedido ainda não pode ser pago. Abra-o e confira os dados.',
    no_shipping: 'A loja não entrega neste endereço.',
  },
  ar: {
    unknown: 'لم يعد هذا الطلب صالحًا. يرجى طلب رابط جديد من المتجر.',
    wrong_payer: 'هذا الطلب مخصص لشخص آخر. يرجى طلب واحد خاص بك من المتجر.',
    paid: 'تم الدفع من قبل، ولم يُخصم أي مبلغ.',
    being_paid: 'هناك من يدفع الآن. يرجى المحاولة بعد بضع دقائق.',
    canceled: 'أُلغي هذا الطلب، ولم يُخصم أي مبلغ.',
    expired: 'انتهت صلاحية هذا الطلب. يرجى طلب رابط جديد من المتجر.',
    amount_changed: 'تغيّر المبلغ. يرجى طلب جديد من المتجر.',
    not_payable: 'لا يمكن الدفع هنا حاليًا. يرجى التواصل مع المتجر.',
    busy: 'استغرق ذلك وقتًا طويلًا ولم يُخصم أي مبلغ. يرجى المحاولة بعد دقيقة.',
    incomplete: 'لا يمكن دفع هذا الطلب بعد. افتحه وتحقق من بياناته.',
    no_shipping: 'لا يوصل المتجر إلى هذا العنوان.',
  },
}
